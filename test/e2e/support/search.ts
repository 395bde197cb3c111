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

/**
 * A text in ASCII as it would stand in a file: UTF-8 and the escapes of JSON, HTML, SQL and addresses
 * leave letters, digits and hyphens as they are; Base64 depends on where in its groups of three the
 * text begins.
 */
export function encodingsOf(text: string): readonly string[] {
  if (!/^[\w-]+$/.test(text)) throw new TypeError("an escape would hide this text");
  const bytes = Buffer.from(text);
  const hex = bytes.toString("hex");
  const base64 = [0, 1, 2].map((shift) => {
    const whole = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    // The first letters, and the last ones, also say something of what stands beside.
    return whole.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6));
  });
  return [...new Set([text, hex, hex.toUpperCase(), ...base64])];
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
