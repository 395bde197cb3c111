import JSZip from "jszip";
import { RogatoryError } from "../domain/errors.ts";

const CORE_PROPERTIES = "docProps/core.xml";
const BODY = "word/document.xml";

/**
 * Writes a Word document again so that the same content gives the same bytes.
 *
 * `docx` stamps the clock into the core properties and into every entry of the zip archive, and it
 * counts the bookmarks of tables of contents through the life of the process. Entries are sorted and
 * compressed by JSZip's own code, not by the machine's zlib, so that the bytes are the same
 * everywhere.
 *
 * @param instant the one instant that stands for all times in the file
 */
export async function makeReproducible(
  document: Uint8Array,
  instant: Temporal.Instant,
): Promise<Uint8Array> {
  const written = await JSZip.loadAsync(document);
  const core = await written.file(CORE_PROPERTIES)?.async("string");
  const body = await written.file(BODY)?.async("string");
  if (core === undefined || body === undefined) {
    throw new RogatoryError(
      "document.parts-missing",
      "The Word document could not be finished: report this with the version of Rogatory.",
    );
  }
  const stamp = instant.round({ smallestUnit: "second", roundingMode: "floor" }).toString();
  const rewritten = new Map([
    [
      CORE_PROPERTIES,
      core.replace(
        /(<dcterms:(?:created|modified)[^>]*>)[^<]*/g,
        (_whole, tag: string) => `${tag}${stamp}`,
      ),
    ],
    [BODY, renumberBookmarks(body)],
  ]);
  // A zip entry cannot be older than 1980, and its times are of two seconds.
  const date = new Date(Math.max(instant.epochMilliseconds, Date.UTC(1980, 0, 1)));
  const fixed = new JSZip();
  // Office looks for the content types first in the archive.
  const names = Object.keys(written.files).toSorted(
    (a, b) => Number(b.startsWith("[")) - Number(a.startsWith("[")) || (a < b ? -1 : 1),
  );
  for (const name of names) {
    const entry = written.file(name);
    if (entry === null) continue;
    const content = rewritten.get(name) ?? (await entry.async("uint8array"));
    fixed.file(name, content, { date, createFolders: false });
  }
  return fixed.generateAsync({ type: "uint8array", compression: "DEFLATE", platform: "DOS" });
}

function renumberBookmarks(body: string): string {
  const names = renumbering("_Toc");
  const ids = renumbering("");
  return body
    .replace(/_Toc\d+/g, names)
    .replace(
      /(<w:bookmark(?:Start|End)\b[^>]*\bw:id=")(\d+)/g,
      (_whole, start: string, id: string) => `${start}${ids(id)}`,
    );
}

/** Numbers what it is given in the order of first appearance, from 1. */
function renumbering(prefix: string): (name: string) => string {
  const known = new Map<string, string>();
  return (name) => {
    const renamed = known.get(name) ?? `${prefix}${known.size + 1}`;
    known.set(name, renamed);
    return renamed;
  };
}
