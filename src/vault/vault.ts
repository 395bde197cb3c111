import { randomBytes } from "node:crypto";
import type { CaseId } from "../domain/ids.ts";
import { SealBox } from "./seal-box.ts";
import type { Sealed } from "./sealed.ts";
import { Signer } from "./signing.ts";

/** A case's data key, sealed with the master key. */
export type WrappedCaseKey = Sealed<Uint8Array>;

/** The key of log entries that belong to no case's key, sealed with the master key. */
export type WrappedLogKey = Sealed<Uint8Array>;

/**
 * Keys of one deployment: the master key, which never touches the database, and a data key per
 * case, which is stored wrapped by it. Destroying a wrapped key makes its case unreadable for ever.
 */
export class Vault {
  /** For secrets of the deployment itself: recovery keys, crypto store keys. */
  readonly system: SealBox;
  /** Signs the log and certificates. */
  readonly signer: Signer;
  readonly #caseBoxes = new Map<CaseId, SealBox>();

  constructor(masterKey: Buffer) {
    this.system = new SealBox(masterKey, "system");
    this.signer = new Signer(masterKey);
  }

  createCaseKey(id: CaseId): WrappedCaseKey {
    return this.system.sealBytes(placeOfCaseKey(id), randomBytes(32));
  }

  forCase(id: CaseId, wrapped: WrappedCaseKey): SealBox {
    const known = this.#caseBoxes.get(id);
    if (known !== undefined) return known;
    const box = new SealBox(this.system.openBytes(placeOfCaseKey(id), wrapped), id);
    this.#caseBoxes.set(id, box);
    return box;
  }

  /** Sealed entries of the log enter its hashes: their key stays when the master key is changed. */
  createLogKey(): WrappedLogKey {
    return this.system.sealBytes(placeOfLogKey, randomBytes(32));
  }

  forLog(wrapped: WrappedLogKey): SealBox {
    return new SealBox(this.system.openBytes(placeOfLogKey, wrapped), "log");
  }

  /** Forgets a case's key, so that memory does not outlive a shredded or rotated key. */
  forget(id: CaseId): void {
    this.#caseBoxes.delete(id);
  }
}

export const placeOfLogKey = { table: "journal_head", column: "details_key", row: "1" } as const;

export function placeOfCaseKey(id: CaseId) {
  return { table: "case_file", column: "wrapped_key", row: id } as const;
}
