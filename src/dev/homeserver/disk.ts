import { mkdir, writeFile } from "node:fs/promises";
import { z } from "zod";
import { RogatoryError } from "../../domain/errors.ts";

const SystemError = z.object({ code: z.string() });

/** The code of a failed system call, such as `ENOENT`, or undefined for any other error. */
export function systemErrorCode(error: unknown): string | undefined {
  return SystemError.safeParse(error).data?.code;
}

const SENTENCES: Readonly<Record<string, string>> = {
  EACCES: "is not writable for this user: change its permissions or choose another folder.",
  EPERM: "is not writable for this user: change its permissions or choose another folder.",
  EROFS: "is on a read-only file system: choose another folder.",
  ENOSPC: "is on a full disk: free some space and try again.",
  EDQUOT: "is over your disk quota: free some space and try again.",
  ENOTDIR: "cannot be made because a part of its path is a file: choose another folder.",
  EEXIST: "cannot be made because a file has its name: choose another folder.",
};

/** Turns what the disk refused into a sentence; any other error is thrown as it is. */
export function explainDiskError(path: string, error: unknown): unknown {
  const sentence = SENTENCES[systemErrorCode(error) ?? ""];
  return sentence === undefined
    ? error
    : new RogatoryError("disk-not-writable", `${path} ${sentence}`, { cause: error });
}

export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw explainDiskError(path, error);
  }
}

/** Writes a file that only its owner can read. */
export async function writePrivateFile(path: string, content: string): Promise<void> {
  try {
    await writeFile(path, content, { mode: 0o600 });
  } catch (error) {
    throw explainDiskError(path, error);
  }
}
