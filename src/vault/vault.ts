import { randomBytes } from "node:crypto";
import type { CaseId } from "../domain/ids.ts";
import { SealBox } from "./seal-box.ts";
import type { Sealed } from "./sealed.ts";

/** A case's data key, sealed with the master key. */
export type WrappedCaseKey = Sealed<Uint8Array>;

/**
 * Keys of one deployment: the master key, which never touches the database, and a data key per
 * case, which is stored wrapped by it. Destroying a wrapped key makes its case unreadable for ever.
 */
export class Vault {
  /** For secrets of the deployment itself: recovery keys, crypto store keys. */
  readonly system: SealBox;
  readonly #caseBoxes = new Map<CaseId, SealBox>();

  constructor(masterKey: Buffer) {
    this.system = new SealBox(masterKey, "system");
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

  /** Forgets a case's key, so that memory does not outlive a shredded or rotated key. */
  forget(id: CaseId): void {
    this.#caseBoxes.delete(id);
  }
}

function placeOfCaseKey(id: CaseId) {
  return { table: "case_file", column: "wrapped_key", row: id } as const;
}
