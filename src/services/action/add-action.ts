import { insertAction } from "../../db/repositories/actions.ts";
import { listPeople } from "../../db/repositories/cases.ts";
import { takeNumber } from "../../db/repositories/counters.ts";
import {
  type ActionItem,
  type ActionOwner,
  formatActionNumber,
} from "../../domain/action/action.ts";
import type { ActionLine } from "../../domain/action/line.ts";
import { findOwner, ownerOf } from "../../domain/action/owner.ts";
import { RogatoryError } from "../../domain/errors.ts";
import { logAct } from "../acts.ts";
import { fingerprint } from "../fingerprint.ts";
import type { Place } from "../visibility.ts";
import type { CaseWork } from "../work.ts";

/**
 * Adds an action item. Without an owner it is of the person who adds it.
 *
 * @throws RogatoryError `action.owner`
 */
export async function addAction(
  work: CaseWork,
  { room }: Place,
  line: ActionLine,
): Promise<ActionItem> {
  const owner = await ownerFor(work, line.owner);
  const number = await takeNumber(work.db, work.caseId, "action");
  const { salt, sha256 } = fingerprint(line.text);
  const action: ActionItem = {
    number,
    status: "open",
    text: line.text,
    owner,
    due: line.due,
    room: room?.id,
    salt,
  };
  await insertAction(work.db, work.seal, work.caseId, action);
  await logAct(work, "action.add", {
    action: formatActionNumber(number),
    owner: owner.label,
    due: line.due,
    textSha256: sha256,
  });
  return action;
}

async function ownerFor(work: CaseWork, said: string | undefined): Promise<ActionOwner> {
  const people = await listPeople(work.db, work.seal, work.caseId);
  if (said !== undefined) return findOwner(said, people);
  const { actor } = work;
  const self =
    actor.kind === "person" ? people.find(({ userId }) => userId === actor.userId) : undefined;
  if (self !== undefined) return ownerOf(self);
  throw new RogatoryError(
    "action.owner",
    "Say whose task it is: begin with @ and a State or name.",
  );
}
