import { findAction, listActions } from "../../db/repositories/actions.ts";
import {
  type ActionItem,
  type ActionStatus,
  compareActions,
  formatActionNumber,
} from "../../domain/action/action.ts";
import { RogatoryError } from "../../domain/errors.ts";
import { type Place, visibleFrom } from "../visibility.ts";
import type { CaseWork } from "../work.ts";

/** Action items that may be named in this place: what is due first stands first. */
export async function actionsSeenFrom(
  work: CaseWork,
  place: Place,
  which: ActionStatus | "all",
): Promise<readonly ActionItem[]> {
  const visible = await visibleFrom(work, place);
  const actions = await listActions(work.db, work.seal, work.caseId);
  return actions
    .filter(({ room }) => visible(room))
    .filter(({ status }) => which === "all" || status === which)
    .toSorted(compareActions);
}

/** @throws RogatoryError `action.unknown`, also for one that may not be named in this place */
export async function actionSeenFrom(
  work: CaseWork,
  place: Place,
  number: number,
): Promise<ActionItem> {
  const visible = await visibleFrom(work, place);
  const action = await findAction(work.db, work.seal, work.caseId, number);
  if (action !== undefined && visible(action.room)) return action;
  throw new RogatoryError(
    "action.unknown",
    `There is no action item ${formatActionNumber(number)} here. !action list all shows them.`,
  );
}
