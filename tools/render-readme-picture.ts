// node tools/render-readme-picture.ts
//
// Renders docs/demo.png from what `npm run demo` left in out/: the transcript of a workshop, and the
// page of the drafted report that came of it. Needs LibreOffice, pdftoppm and ImageMagick.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Document, Packer, Paragraph, TextRun } from "docx";

const root = join(import.meta.dirname, "..");
const played = join(root, "out", "thb-focus-group-4");
const room = "w1";
const section = "5.1.";
/** How a command looks. */
const typed = { font: "Liberation Mono", size: 17 };
const folder = mkdtempSync(join(tmpdir(), "rogatory-picture-"));

try {
  const transcript = join(folder, "transcript.docx");
  writeFileSync(
    transcript,
    await pageOf(entriesOf(readFileSync(join(played, "transcript.md"), "utf8"))),
  );
  const spoken = toPdf(transcript);
  const said = pictureOf(spoken, pageWith(spoken, "Encrypted room"), "said");
  const report = toPdf(join(played, "outcome-report.docx"));
  const cover = pictureOf(report, 1, "cover");
  const page = pictureOf(report, pageWith(report, section), "page");
  execFileSync("montage", [
    ...[said, cover, page, "-tile", "3x1", "-geometry", "620x877+10+10", "-background", "#d8dce3"],
    ...["-strip", "-depth", "8", join(root, "docs", "demo.png")],
  ]);
} finally {
  rmSync(folder, { recursive: true });
}

/** What was said in the room: pairs of a heading and its quoted lines, as the transcript has them. */
function entriesOf(markdown: string): readonly { readonly who: string; readonly text: string }[] {
  const [, body = ""] = markdown.split(new RegExp(`^## .* · ${room}$`, "m"));
  const own = body.split(/^## /m)[0] ?? "";
  return own
    .split(/^\*\*/m)
    .slice(1)
    .map((entry) => {
      const [who = "", ...lines] = entry.split("\n");
      const text = lines.map((line) => line.replace(/^> ?/, "").replace(/\\(?=[*|_]|$)/g, ""));
      return { who: who.replace(/\*\*$/, ""), text: text.join(" ").trim() };
    });
}

function pageOf(entries: readonly { readonly who: string; readonly text: string }[]) {
  const shown = entries.slice(0, 15).flatMap(({ who, text }) => [
    new Paragraph({
      spacing: { before: 140 },
      children: [new TextRun({ text: who, bold: true, color: colourOf(who), size: 20 })],
    }),
    new Paragraph({
      children: [new TextRun({ text, size: 20, ...(text.startsWith("!") ? typed : {}) })],
    }),
  ]);
  const heading = new Paragraph({
    children: [new TextRun({ text: `Encrypted room · ${room}`, bold: true, size: 30 })],
  });
  const styles = { default: { document: { run: { font: "Carlito" } } } };
  return Packer.toBuffer(new Document({ styles, sections: [{ children: [heading, ...shown] }] }));
}

function colourOf(who: string): string {
  return who.includes("(bot)") ? "6B2FA0" : "0B3D78";
}

function toPdf(file: string): string {
  execFileSync("soffice", [
    ...["--headless", `-env:UserInstallation=file://${join(folder, "office")}`],
    ...["--convert-to", "pdf", "--outdir", folder, file],
  ]);
  return join(
    folder,
    `${file
      .split("/")
      .at(-1)
      ?.replace(/\.\w+$/, "")}.pdf`,
  );
}

/** The number of the page on which the section's heading stands; the contents name it first. */
function pageWith(pdf: string, heading: string): number {
  const pages = execFileSync("pdftotext", ["-layout", pdf, "-"], { encoding: "utf8" }).split("\f");
  const found = pages.findLastIndex((text) => text.includes(heading));
  return found + 1;
}

function pictureOf(pdf: string, page: number, name: string): string {
  const prefix = join(folder, name);
  execFileSync("pdftoppm", [
    "-f",
    `${page}`,
    "-l",
    `${page}`,
    "-r",
    "80",
    "-png",
    "-singlefile",
    pdf,
    prefix,
  ]);
  return `${prefix}.png`;
}
