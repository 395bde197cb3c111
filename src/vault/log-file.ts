import { createHash, type Hash } from "node:crypto";
import { z } from "zod";
import { type ChainedEntry, ChainWalk, hashOfBody, type LogFinding } from "./log-chain.ts";
import { isSignedBy, type Signature, type Signer } from "./signing.ts";

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const Sequence = z.int().positive();
const SignatureShape = z.strictObject({ publicKey: z.string(), signature: z.string() });

/** First line: which case, and where the log ended when the file was made. */
export const LogFileHeader = z.strictObject({
  kind: z.literal("header"),
  format: z.literal("rogatory-log/1"),
  case: z.strictObject({ id: z.string(), code: z.string() }),
  exportedAt: z.string(),
  reason: z.string(),
  head: z.strictObject({ count: z.int().nonnegative(), hash: Sha256 }),
  headSignature: SignatureShape,
});
export type LogFileHeader = z.infer<typeof LogFileHeader>;

const Link = { sequence: Sequence, previousHash: Sha256, hash: Sha256 };

/** An entry of the case: what was done, and the sealed form from which its hash was made. */
const OwnEntry = z.strictObject({
  kind: z.literal("entry"),
  ...Link,
  at: z.string(),
  actor: z.string(),
  act: z.string(),
  /** Opened; null once the case is shredded. */
  details: z.unknown(),
  sealed: z.string(),
});

/** An entry of another case or of the deployment: only what the chain needs. */
const HiddenEntry = z.strictObject({ kind: z.literal("hidden"), ...Link, bodyHash: Sha256 });

/** Last line: the signature over all lines before it. */
const End = z.strictObject({ kind: z.literal("end"), ...SignatureShape.shape });

export const LogFileEntry = z.discriminatedUnion("kind", [OwnEntry, HiddenEntry]);
export type LogFileEntry = z.infer<typeof LogFileEntry>;

const Line = z.discriminatedUnion("kind", [LogFileHeader, OwnEntry, HiddenEntry, End]);

const filePurpose = "rogatory log file 1";

/** Writes the lines of an export, and signs them as a whole. */
export class LogFileWriter {
  readonly lines: string[] = [];
  readonly #hash = createHash("sha256");

  constructor(header: LogFileHeader) {
    this.#write(header);
  }

  add(entry: LogFileEntry): void {
    this.#write(entry);
  }

  /** The whole file, with a line feed after each line. */
  finish(signer: Signer): string {
    const signature = signer.sign(filePurpose, this.#hash.copy().digest("hex"));
    this.#write({ kind: "end", ...signature });
    return this.lines.map((line) => `${line}\n`).join("");
  }

  #write(line: z.infer<typeof Line>): void {
    const text = JSON.stringify(line);
    this.lines.push(text);
    this.#hash.update(`${text}\n`);
  }
}

export interface LogFileCheck {
  readonly header: LogFileHeader | undefined;
  /** Entries of the case. */
  readonly own: number;
  /** Whose signatures the file bears. Compare it with the key that the deployment shows. */
  readonly publicKey: string | undefined;
  readonly findings: readonly LogFinding[];
}

/**
 * Checks an export without database and without any secret: the signature over the file, the chain
 * of all entries, and that it ends where the deployment signed that it ended.
 *
 * @param isHeadSigned how heads are signed
 */
export async function checkLogFile(
  lines: AsyncIterable<string> | Iterable<string>,
  isHeadSigned: (head: LogFileHeader["head"], signature: Signature) => boolean,
): Promise<LogFileCheck> {
  const walk = new ChainWalk();
  const findings: LogFinding[] = [];
  const find = (problem: string) => findings.push({ sequence: undefined, problem });
  const hash = createHash("sha256");
  let header: LogFileHeader | undefined;
  let end: Signature | undefined;
  let own = 0;
  let number = 0;
  for await (const text of lines) {
    number += 1;
    const line = readLine(text);
    if (line === undefined) {
      find(`line ${number} is not a line of such a file`);
      hash.update(`${text}\n`);
      continue;
    }
    if (end !== undefined) find(`line ${number} stands after the end`);
    if ((line.kind === "header") !== (number === 1)) find(`line ${number} stands in a wrong place`);
    if (line.kind === "header") header ??= line;
    if (line.kind === "entry") own += 1;
    if (line.kind === "end") {
      checkEnd(line, hash, find);
      end = { publicKey: line.publicKey, signature: line.signature };
    } else if (line.kind !== "header") walk.follow(asChained(line, header));
    hash.update(`${text}\n`);
  }
  if (end === undefined) find("the end with the signature is missing");
  if (header === undefined) find("the beginning is missing");
  else {
    walk.finish(header.head);
    if (!isHeadSigned(header.head, header.headSignature)) {
      find("the signature of the log's head is not valid");
    }
    if (end !== undefined && header.headSignature.publicKey !== end.publicKey) {
      find("the file and the log's head were signed with different keys");
    }
  }
  return { header, own, publicKey: end?.publicKey, findings: [...findings, ...walk.findings] };
}

function checkEnd(
  { publicKey, signature }: Signature,
  hash: Hash,
  find: (problem: string) => void,
): void {
  const text = hash.copy().digest("hex");
  if (!isSignedBy({ publicKey, signature }, filePurpose, text)) {
    find("the file was changed after it was written: its signature does not fit");
  }
}

/** Undefined unless the text is exactly what we would have written. */
function readLine(text: string): z.infer<typeof Line> | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return JSON.stringify(json) === text ? Line.parse(json) : undefined;
  } catch {
    return undefined;
  }
}

function asChained(entry: LogFileEntry, header: LogFileHeader | undefined): ChainedEntry {
  const { sequence, previousHash, hash } = entry;
  return {
    ...{ sequence, previous_hash: previousHash, hash },
    bodyHash:
      entry.kind === "hidden"
        ? entry.bodyHash
        : hashOfBody({
            at: entry.at,
            actor: entry.actor,
            case_id: header?.case.id ?? null,
            act: entry.act,
            details: entry.sealed,
          }),
  };
}
