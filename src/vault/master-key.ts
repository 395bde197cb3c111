import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { RogatoryError } from "../domain/errors.ts";

/**
 * Reads the master key (32 bytes, hexadecimal) from the environment or a file.
 *
 * @throws RogatoryError `vault.master-key` with what to do, never with the key
 */
export function readMasterKey(source: { readonly file?: string; readonly value?: string }): Buffer {
  const text = source.value ?? readKeyFile(source.file);
  const hexadecimal = text.trim();
  if (!/^[0-9a-f]{64}$/i.test(hexadecimal)) {
    throw new RogatoryError(
      "vault.master-key",
      "The master key must be 64 hexadecimal digits: make one with `openssl rand -hex 32`.",
    );
  }
  return Buffer.from(hexadecimal, "hex");
}

/** Makes a master key file that only its owner can read; an existing one is left as it is. */
export function ensureMasterKeyFile(path: string): void {
  let descriptor: number;
  try {
    descriptor = openSync(path, "wx", 0o600);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return;
    throw error;
  }
  try {
    writeSync(descriptor, `${randomBytes(32).toString("hex")}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function readKeyFile(path: string | undefined): string {
  if (path === undefined) {
    throw new RogatoryError(
      "vault.master-key",
      "No master key is configured: set vault.masterKeyFile, or ROGATORY_MASTER_KEY in the environment.",
    );
  }
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new RogatoryError("vault.master-key", `The master key file ${path} cannot be read.`, {
      cause,
    });
  }
}
