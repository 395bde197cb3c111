import { randomUUID } from "node:crypto";
import { RogatoryError } from "../domain/errors.ts";
import type { UserId } from "../domain/ids.ts";
import type {
  ShortAuthentication,
  Verification,
  VerificationState,
  Verifications,
} from "../matrix/crypto/verification.ts";

export type VerificationStep = { readonly kind: "waiting" } | (VerificationState & Person);

interface Person {
  readonly person: { readonly userId: UserId; readonly deviceId: string | undefined };
}

export type { ShortAuthentication };

interface Wait {
  readonly verifications: Verifications;
  readonly from: UserId | undefined;
  verification: Verification | undefined;
  idle: NodeJS.Timeout;
}

export interface DeskOptions {
  /** Strangers are left without an answer. */
  isKnown(userId: UserId): Promise<boolean>;
  /** How long an operator may say nothing; half a minute if left out. */
  readonly idleMs?: number;
}

/**
 * Where operators verify bots with people. A bot answers a request only while an operator waits for
 * it here, and confirms only what the operator confirms.
 */
export class VerificationDesk {
  readonly #options: DeskOptions;
  readonly #waits = new Map<string, Wait>();

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /** @param from the only person to be served; anybody known if undefined */
  start(verifications: Verifications, from: UserId | undefined): string {
    const ticket = randomUUID();
    const wait = { verifications, from, verification: undefined, idle: this.#expire(ticket) };
    this.#waits.set(ticket, wait);
    return ticket;
  }

  async next(ticket: string): Promise<VerificationStep> {
    const wait = this.#find(ticket);
    wait.verification ??= await this.#answer(wait);
    const { verification } = wait;
    if (verification === undefined) return { kind: "waiting" };
    const { otherUserId: userId, otherDeviceId: deviceId } = verification;
    return { ...verification.state(), person: { userId, deviceId } };
  }

  async confirm(ticket: string): Promise<void> {
    const verification = this.#find(ticket).verification;
    if (verification?.state().kind !== "comparing") {
      throw new RogatoryError(
        "verification.not-comparing",
        "There is nothing to confirm: begin again with rogatory bot verify.",
      );
    }
    await verification.confirm();
  }

  async cancel(ticket: string, { mismatch }: { readonly mismatch: boolean }): Promise<void> {
    const wait = this.#find(ticket);
    if (mismatch && wait.verification?.state().kind === "comparing") wait.verification.mismatch();
    else await this.#drop(ticket);
  }

  /** Takes the newest request that may be answered. */
  async #answer({ verifications, from }: Wait): Promise<Verification | undefined> {
    const taken = new Set([...this.#waits.values()].map(({ verification }) => verification));
    for (const verification of verifications.waiting().toReversed()) {
      const { otherUserId } = verification;
      if (taken.has(verification) || (from !== undefined && from !== otherUserId)) continue;
      if (!(await this.#options.isKnown(otherUserId))) continue;
      await verification.accept();
      return verification;
    }
    return undefined;
  }

  #find(ticket: string): Wait {
    const wait = this.#waits.get(ticket);
    if (wait === undefined) {
      throw new RogatoryError(
        "verification.expired",
        "This verification is over: begin again with rogatory bot verify.",
      );
    }
    clearTimeout(wait.idle);
    wait.idle = this.#expire(ticket);
    return wait;
  }

  #expire(ticket: string): NodeJS.Timeout {
    const drop = () => void this.#drop(ticket).catch(() => {});
    return setTimeout(drop, this.#options.idleMs ?? 30_000).unref();
  }

  async #drop(ticket: string): Promise<void> {
    const wait = this.#waits.get(ticket);
    if (wait === undefined) return;
    clearTimeout(wait.idle);
    this.#waits.delete(ticket);
    await wait.verification?.cancel();
  }
}
