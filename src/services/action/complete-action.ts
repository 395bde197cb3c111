import { updateAction } from "../../db/repositories/actions.ts";
import { type ActionItem, formatActionNumber } from "../../domain/action/action.ts";
import { RogatoryError } from "../../domain/errors.ts";
import { formatDate } from "../../domain/time/format.ts";
import { describeActor, logAct } from "../acts.ts";
import type { Place } from "../visibility.ts";
import type { CaseWork } from "../work.ts";
import { actionSeenFrom } from "./read-actions.ts";

/**
 * Marks an action item as done by the actor.
 *
 * @throws RogatoryError `action.unknown`, or `action.done` when it is done already
 */
export async function completeAction(
  work: CaseWork,
  place: Place,
  number: number,
  saidAt: Temporal.Instant,
): Promise<ActionItem> {
  const action = await actionSeenFrom(work, place, number);
  const { completion } = action;
  if (completion !== undefined) {
    const day = completion.at.toZonedDateTimeISO(place.case.profile.timeZone);
    throw new RogatoryError(
      "action.done",
      `${formatActionNumber(number)} was done by ${completion.by} on ${formatDate(day)} already.`,
    );
  }
  const done: ActionItem = {
    ...action,
    status: "done",
    completion: { by: await describeActor(work), at: saidAt },
  };
  await updateAction(work.db, work.seal, work.caseId, done);
  await logAct(work, "action.complete", { action: formatActionNumber(number) });
  return done;
}
