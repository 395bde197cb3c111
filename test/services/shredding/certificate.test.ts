import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { ShreddingRecord } from "../../../src/db/repositories/shreddings.ts";
import { CaseId, newId } from "../../../src/domain/ids.ts";
import { writeCertificate } from "../../../src/services/shredding/certificate.ts";
import { mergeRecords } from "../../../src/services/shredding/merge-record.ts";
import { Vault } from "../../../src/vault/vault.ts";

const { signer } = new Vault(randomBytes(32));

function recordWith(homeservers: readonly string[] | undefined): ShreddingRecord {
  return {
    ...{ caseId: newId(CaseId), code: "JIT-0001", requestedAt: "2027-01-01T00:00:00Z" },
    ...{ reason: "closed", rows: {}, rooms: [], media: [], devices: [] },
    ...(homeservers === undefined ? {} : { homeservers }),
  };
}

function elsewhere(record: ShreddingRecord): readonly string[] {
  return writeCertificate(record, "here.example", signer)
    .remains.map(({ where }) => where)
    .filter((where) => /other homeservers|and its backups/i.test(where));
}

describe("what remains on other homeservers", () => {
  it("is told of each that had people in the rooms, and of no other", () => {
    expect(elsewhere(recordWith(["here.example", "far.example", "b.example"]))).toEqual([
      "The homeserver far.example and its backups",
      "The homeserver b.example and its backups",
    ]);
    expect(elsewhere(recordWith(["here.example"]))).toEqual([]);
  });

  it("is told in general of a case whose destruction began before that was noted", () => {
    const older = recordWith(undefined);
    expect(elsewhere(older)).toEqual(["Other homeservers"]);
    expect(elsewhere(mergeRecords(older, recordWith(["far.example"])))).toEqual([
      "Other homeservers",
    ]);
  });

  it("is told of all that had people in the rooms of an earlier part", () => {
    const merged = mergeRecords(recordWith(["b.example", "here.example"]), recordWith([]));
    expect(elsewhere(merged)).toEqual(["The homeserver b.example and its backups"]);
  });
});
