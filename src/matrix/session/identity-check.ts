import { RogatoryError } from "../../domain/errors.ts";
import type { DeviceId, UserId } from "../../domain/ids.ts";
import type { Fingerprint } from "../crypto/crypto.ts";
import type { HeldIdentity } from "../crypto/identity.ts";
import type { PublishedIdentity } from "./published-identity.ts";

/** What the database holds of an account. */
export interface StoredIdentity {
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  /** A name under which `rogatory bot` finds the account. */
  readonly bot: string;
  /** The crypto store was there before it was opened. */
  readonly storeFound: boolean;
  readonly fingerprint: Fingerprint;
  readonly held: HeldIdentity | undefined;
  readonly hasRecoveryKey: boolean;
}

/**
 * Compares what the database holds with what the homeserver has published. The homeserver silently
 * keeps the first keys of a device: if they are not ours, whatever we sent would be unreadable.
 *
 * @returns what stands in the way, with what to do; undefined if nothing does
 */
export function judgeIdentity(
  stored: StoredIdentity,
  published: PublishedIdentity,
): RogatoryError | undefined {
  const { userId, deviceId, bot, held } = stored;
  const recover = `Stop the bots and run: rogatory bot recover ${bot}`;
  if (published.device !== undefined && !stored.storeFound) {
    return new RogatoryError(
      "identity.store-lost",
      `The crypto store of ${userId}, device ${deviceId}, is gone from the database, though the homeserver knows the device. ${recover}`,
    );
  }
  if (
    published.device !== undefined &&
    (published.device.ed25519 !== stored.fingerprint.ed25519 ||
      published.device.curve25519 !== stored.fingerprint.curve25519)
  ) {
    return new RogatoryError(
      "identity.mismatch",
      `The homeserver knows other keys for ${userId}, device ${deviceId}, than the database holds. If another copy of this database is in use, stop this one for good. Otherwise: ${recover}`,
    );
  }
  if (published.master === undefined) return undefined;
  if (held === undefined) {
    if (stored.hasRecoveryKey) return undefined;
    return new RogatoryError(
      "identity.foreign",
      `${userId} has an identity on the homeserver, whose keys are not in this database. Restore the database that has them, or, with the recovery key of the account: rogatory bot recover ${bot} --recovery-key-file FILE`,
    );
  }
  if (held.master === published.master && held.selfSigning === published.selfSigning) {
    return undefined;
  }
  return replaced(userId, bot);
}

export function replaced(userId: UserId, bot: string): RogatoryError {
  return new RogatoryError(
    "identity.replaced",
    `The identity of ${userId} on the homeserver was replaced by somebody else, and nothing is sent as it any more. Find out who used the application service's token, make a new registration, and give the bot another account name in rogatory.yaml (bots.${bot}).`,
  );
}

/** The device's keys were published, and the homeserver has them no more. */
export function deviceDeleted({
  userId,
  deviceId,
  bot,
}: Pick<StoredIdentity, "userId" | "deviceId" | "bot">): RogatoryError {
  return new RogatoryError(
    "identity.device-deleted",
    `The homeserver has deleted the keys of ${userId}, device ${deviceId}. Stop the bots and run: rogatory bot recover ${bot}`,
  );
}
