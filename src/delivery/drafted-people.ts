import { serverOf, UserId } from "../domain/ids.ts";
import { findUnknownAccounts } from "../matrix/provisioning/unknown-accounts.ts";
import type { Session } from "../matrix/session/session.ts";
import type { Direct } from "./direct.ts";

/**
 * Whom of a new case's people the homeserver does not know, for the plan that answers a message. It is
 * asked before the transaction, which must not wait for it.
 *
 * @returns undefined if it could not be asked; empty for messages that are answered with no plan
 */
export async function unknownDraftedPeople(
  session: Pick<Session, "http" | "userId">,
  { state: { draft }, text, alone }: Pick<Direct, "state" | "text" | "alone">,
): Promise<readonly UserId[] | undefined> {
  const word = text.trim().replace(/^!/, "").toLowerCase();
  const isPlanned =
    (draft?.step === "roster" && word === "done") ||
    (draft?.step === "confirm" && !["yes", "back", "cancel"].includes(word));
  if (draft === undefined || !isPlanned || !alone) return [];
  const here = serverOf(session.userId);
  const people = draft.roster.flatMap(({ matrixId, localpart }): readonly UserId[] => {
    const userId = UserId.safeParse(matrixId ?? `@${localpart}:${here}`).data;
    return userId !== undefined && serverOf(userId) === here ? [userId] : [];
  });
  return findUnknownAccounts(session.http, people);
}
