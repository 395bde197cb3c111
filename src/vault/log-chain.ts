import { createHash } from "node:crypto";

/** The hash before the first entry. */
export const firstHash = "0".repeat(64);

/** What an entry of the log says, as it is stored: `details` are sealed. */
export interface LogBody {
  /** ISO 8601 instant. */
  readonly at: string;
  readonly actor: string;
  readonly case_id: string | null;
  readonly act: string;
  readonly details: string;
}

/** The place of an entry in the chain. */
export interface LogLink {
  /** 1 for the first entry; no number is left out. */
  readonly sequence: number;
  readonly previous_hash: string;
}

/** Number of entries and hash of the last one: together they name one state of the log. */
export interface LogHead {
  readonly count: number;
  readonly hash: string;
}

export const emptyHead: LogHead = { count: 0, hash: firstHash };

/**
 * SHA-256 of what an entry says. Sealed details hold a random nonce, so that the hash gives nothing
 * away: it can stand in for an entry that a reader must not see.
 */
export function hashOfBody({ at, actor, case_id, act, details }: LogBody): string {
  return sha256(["rogatory-log-body/1", at, actor, case_id, act, details]);
}

/** SHA-256 of an entry: of its place, the hash before it, and the hash of what it says. */
export function hashOfEntry({ sequence, previous_hash }: LogLink, bodyHash: string): string {
  return sha256(["rogatory-log-entry/1", sequence, previous_hash, bodyHash]);
}

function sha256(fields: readonly (string | number | null)[]): string {
  return createHash("sha256").update(JSON.stringify(fields)).digest("hex");
}

/** Something that is not as it was written. */
export interface LogFinding {
  /** The entry at which it shows; undefined where it concerns the log as a whole. */
  readonly sequence: number | undefined;
  readonly problem: string;
}

export interface ChainedEntry extends LogLink {
  readonly bodyHash: string;
  readonly hash: string;
}

/** Follows a chain from its first entry; feed it every entry in the order of the numbers. */
export class ChainWalk {
  readonly findings: LogFinding[] = [];
  #head = emptyHead;

  /** The last entry that was followed. */
  get head(): LogHead {
    return this.#head;
  }

  follow({ sequence, previous_hash, bodyHash, hash }: ChainedEntry): void {
    const expected = this.#head.count + 1;
    if (sequence > expected) {
      this.#find(sequence, missing(expected, sequence - 1));
    } else if (sequence < expected) {
      this.#find(sequence, "it stands in the wrong place, or twice");
    } else if (previous_hash !== this.#head.hash) {
      this.#find(sequence, "it does not continue the entry before it");
    }
    if (hash !== hashOfEntry({ sequence, previous_hash }, bodyHash)) {
      this.#find(sequence, "it was changed after it was written");
    }
    this.#head = { count: sequence, hash };
  }

  /** Compares the end of the chain with where the log should end. */
  finish(expected: LogHead): void {
    const { count, hash } = this.#head;
    if (count < expected.count) this.#find(undefined, missing(count + 1, expected.count));
    else if (count > expected.count) {
      this.#find(undefined, `entries after ${expected.count} were not written by Rogatory`);
    } else if (hash !== expected.hash) {
      this.#find(undefined, "the last entry is not the one that was written last");
    }
  }

  #find(sequence: number | undefined, problem: string): void {
    this.findings.push({ sequence, problem });
  }
}

function missing(from: number, to: number): string {
  return from === to ? `entry ${from} is missing` : `entries ${from} to ${to} are missing`;
}
