import { createHash, randomBytes } from "node:crypto";

/**
 * What the log keeps of a text that must not outlive its class of data: whoever has text and salt can
 * show that it was this one. The salt is kept with the text and destroyed with it; the hash alone then
 * does not even let anybody try guesses.
 */
export function fingerprint(text: string): { readonly salt: string; readonly sha256: string } {
  const salt = randomBytes(16).toString("hex");
  return { salt, sha256: createHash("sha256").update(`${salt} ${text}`).digest("hex") };
}
