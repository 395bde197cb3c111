import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Files below a folder that hold one of the needles. What Python writes as JSON has other letters
 * than ASCII escaped, so needles should be ASCII.
 */
export async function filesWith(
  folder: string,
  needles: readonly string[],
): Promise<readonly { readonly file: string; readonly needle: string }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: { file: string; needle: string }[] = [];
  for (const entry of entries.filter((each) => each.isFile())) {
    const file = join(entry.parentPath, entry.name);
    const bytes = await readFile(file);
    for (const needle of needles) if (bytes.includes(needle)) found.push({ file, needle });
  }
  return found;
}

/** The longest passages of a text that stand in every encoding as they are. */
export function passagesOf(text: string): readonly string[] {
  return text
    .replace(/^!\S+(?: list| #\w+)?/, "")
    .split(/[^ -~]|["'\\*|]/)
    .map((part) => part.trim())
    .filter((part) => part.length >= 20)
    .map((part) => part.slice(0, 80));
}
