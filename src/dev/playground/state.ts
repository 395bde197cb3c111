import { readFile, rename } from "node:fs/promises";
import { z } from "zod";
import { writePrivateFile } from "../homeserver/disk.ts";

/** What a playground keeps between runs, beside the data of homeserver and bots. */
const State = z.strictObject({
  port: z.int().positive(),
  /** Passwords by user name. */
  passwords: z.record(z.string(), z.string()),
  /** Neutral codes of the cases that were made, by sample. */
  cases: z.record(z.string(), z.string()),
});
export type State = z.infer<typeof State>;

export async function readState(path: string): Promise<State | undefined> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  return text === undefined ? undefined : State.parse(JSON.parse(text));
}

/** Whole or not at all: an interrupted run must not lose the passwords. */
export async function writeState(path: string, state: State): Promise<void> {
  await writePrivateFile(`${path}.new`, `${JSON.stringify(state, undefined, 2)}\n`);
  await rename(`${path}.new`, path);
}
