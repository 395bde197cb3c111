import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { emptyHead, hashOfBody, hashOfEntry } from "../../src/vault/log-chain.ts";
import { checkLogFile, LogFileWriter } from "../../src/vault/log-file.ts";
import { isSignedBy, Signer } from "../../src/vault/signing.ts";

const signer = new Signer(randomBytes(32));
const caseId = "case-1";
const purpose = "head";

const isHeadSigned: Parameters<typeof checkLogFile>[1] = ({ count, hash }, signature) =>
  isSignedBy(signature, purpose, `${count} ${hash}`);

/** A file with an entry for each act; those of other cases are hidden. */
function write(acts: readonly { readonly act: string; readonly own: boolean }[]): string[] {
  let head = emptyHead;
  const entries = acts.map(({ act, own }, index) => {
    const body = {
      at: "2026-12-01T08:00:00Z",
      actor: "@a:example.org",
      case_id: own ? caseId : "case-2",
      act,
      details: `v1.${index}`,
    };
    const bodyHash = hashOfBody(body);
    const link = { sequence: index + 1, previous_hash: head.hash };
    const hash = hashOfEntry(link, bodyHash);
    const places = { sequence: link.sequence, previousHash: link.previous_hash, hash };
    head = { count: link.sequence, hash };
    return own
      ? {
          ...{ kind: "entry" as const, ...places, at: body.at, actor: body.actor, act },
          ...{ details: { number: index }, sealed: body.details },
        }
      : { kind: "hidden" as const, ...places, bodyHash };
  });
  const writer = new LogFileWriter({
    kind: "header",
    format: "rogatory-log/1",
    case: { id: caseId, code: "JIT-0001" },
    exportedAt: "2026-12-02T08:00:00Z",
    reason: "test",
    head,
    headSignature: signer.sign(purpose, `${head.count} ${head.hash}`),
  });
  for (const entry of entries) writer.add(entry);
  return writer.finish(signer).trimEnd().split("\n");
}

const acts = fc.array(fc.record({ act: fc.string({ minLength: 1 }), own: fc.boolean() }), {
  minLength: 2,
  maxLength: 12,
});

describe("an exported log", () => {
  it("is found intact as it was written, and names its signer", async () => {
    await fc.assert(
      fc.asyncProperty(acts, async (written) => {
        const checked = await checkLogFile(write(written), isHeadSigned);
        expect(checked.findings).toEqual([]);
        expect(checked.publicKey).toBe(signer.publicKey);
        expect(checked.own).toBe(written.filter(({ own }) => own).length);
      }),
    );
  });

  it("shows every changed character", async () => {
    await fc.assert(
      fc.asyncProperty(
        acts,
        fc.nat(),
        fc.nat(),
        fc.string({ minLength: 1, maxLength: 1 }),
        async (written, lineNumber, position, character) => {
          const lines = write(written);
          const index = lineNumber % lines.length;
          const line = lines[index] ?? "";
          const at = position % line.length;
          const changed = line.slice(0, at) + character + line.slice(at + 1);
          fc.pre(changed !== line);
          const { findings } = await checkLogFile(lines.with(index, changed), isHeadSigned);
          expect(findings).not.toEqual([]);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("shows every line that was removed, doubled or swapped", async () => {
    await fc.assert(
      fc.asyncProperty(acts, fc.nat(), fc.nat(), async (written, first, second) => {
        const lines = write(written);
        const one = first % lines.length;
        const other = second % lines.length;
        const { findings: removed } = await checkLogFile(lines.toSpliced(one, 1), isHeadSigned);
        expect(removed).not.toEqual([]);
        const doubled = lines.toSpliced(other, 0, lines[one] ?? "");
        expect((await checkLogFile(doubled, isHeadSigned)).findings).not.toEqual([]);
        fc.pre(one !== other);
        const swapped = lines.with(one, lines[other] ?? "").with(other, lines[one] ?? "");
        expect((await checkLogFile(swapped, isHeadSigned)).findings).not.toEqual([]);
      }),
    );
  });

  it("cannot be rewritten with another key unnoticed by who knows the deployment's key", async () => {
    const forger = new Signer(randomBytes(32));
    const lines = write([{ act: "case.create", own: true }]);
    const forged = new LogFileWriter(JSON.parse(lines[0] ?? ""));
    const checked = await checkLogFile(forged.finish(forger).trimEnd().split("\n"), isHeadSigned);
    expect(checked.publicKey).toBe(forger.publicKey);
    expect(checked.findings.map(({ problem }) => problem)).toEqual([
      "the file and the log's head were signed with different keys",
      "entry 1 is missing",
    ]);
  });
});
