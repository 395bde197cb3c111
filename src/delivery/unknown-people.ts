import type { Command } from "../commands/command.ts";
import { recognise } from "../commands/dispatch.ts";
import { typedAccounts } from "../commands/typed-accounts.ts";
import { serverOf, UserId } from "../domain/ids.ts";
import { findUnknownAccounts } from "../matrix/provisioning/unknown-accounts.ts";
import type { Session } from "../matrix/session/session.ts";
import type { Direct } from "./direct.ts";

type Asking = Pick<Session, "http" | "userId">;

/**
 * Whom of some people the bots' own homeserver ought to know and does not. It is asked before the
 * transaction of an answer, which must not wait for it.
 *
 * @returns undefined if it could not be asked
 */
export async function unknownLocals(
  { http, userId }: Asking,
  people: readonly UserId[],
): Promise<readonly UserId[] | undefined> {
  const here = serverOf(userId);
  return findUnknownAccounts(
    http,
    people.filter((person) => serverOf(person) === here),
  );
}

/**
 * The same for what is said to a bot alone: of the people of a new case, where its plan is the answer,
 * or of those in a command about a roster.
 */
export async function unknownPeople(
  session: Asking,
  direct: Pick<Direct, "state" | "text" | "alone">,
  commands: readonly Command[],
): Promise<readonly UserId[] | undefined> {
  if (!direct.alone) return [];
  // The case may be named before the command.
  const line = direct.text.slice(Math.max(0, direct.text.indexOf("!")));
  return unknownLocals(
    session,
    direct.state.draft === undefined
      ? typedAccounts(recognise(commands, line))
      : draftedPeople(serverOf(session.userId), direct.state.draft, direct.text),
  );
}

function draftedPeople(
  here: string,
  draft: NonNullable<Direct["state"]["draft"]>,
  text: string,
): readonly UserId[] {
  const said = text.trim().replace(/^!/, "").toLowerCase();
  const isPlanned =
    (draft.step === "roster" && said === "done") ||
    (draft.step === "confirm" && !["yes", "back", "cancel"].includes(said));
  if (!isPlanned) return [];
  return draft.roster.flatMap(
    ({ matrixId, localpart }) => UserId.safeParse(matrixId ?? `@${localpart}:${here}`).data ?? [],
  );
}
