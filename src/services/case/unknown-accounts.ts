import { RogatoryError } from "../../domain/errors.ts";
import type { UserId } from "../../domain/ids.ts";

/**
 * What a plan says of new people of the own homeserver who have no account there.
 *
 * @param unknown undefined where the homeserver could not be asked
 */
export function accountNotes(unknown: readonly string[] | undefined): readonly string[] {
  if (unknown === undefined) {
    return [
      "The homeserver could not be asked which of these people have an account there: check how their Matrix ids are spelled.",
    ];
  }
  if (unknown.length === 0) return [];
  return [
    `The homeserver knows no account of ${unknown.join(", ")}. Check the spelling: whoever registers such a name later takes the invitations, and reads the case. Where accounts are made at the first login, they may be right.`,
  ];
}

/** The same of one who is put on the roster, and how to undo it; undefined if nothing is to be said. */
export function newcomerNote(
  userId: UserId,
  unknown: readonly UserId[] | undefined,
): string | undefined {
  if (unknown?.includes(userId) !== true) return undefined;
  return `${accountNotes([userId]).join(" ")} If not, undo it: !member remove ${userId}`;
}

/** @throws RogatoryError `case.unknown-accounts` */
export function refuseUnknownAccounts(unknown: readonly UserId[] | undefined): void {
  if (unknown === undefined || unknown.length === 0) return;
  throw new RogatoryError(
    "case.unknown-accounts",
    `${accountNotes(unknown).join(" ")} Nothing was done: correct the file, or repeat the command with --allow-unknown-accounts.`,
  );
}
