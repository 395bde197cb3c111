import type { Transaction } from "kysely";
import { findCase } from "../../db/repositories/cases.ts";
import {
  countCreationSteps,
  findFirstMessage,
  type StepCount,
  saveProgress,
  takeProgress,
} from "../../db/repositories/creation-progress.ts";
import { enqueueStep } from "../../db/repositories/outbox.ts";
import type { Database } from "../../db/schema.ts";
import { noticeContent } from "../../documents/message/notice.ts";
import { answer, code, type Outcome, paragraph, strong } from "../../documents/message/outcome.ts";
import type { Case } from "../../domain/case/case.ts";
import type { CaseId } from "../../domain/ids.ts";
import type { Work } from "../work.ts";

/** An edit is a message too: not every step is worth one. */
const PAUSE_SECONDS = 3;

/**
 * Brings the message that shows a creation's progress up to date, by an edit ("m.replace").
 *
 * @returns after how many milliseconds to look again by itself; undefined to wait for the next step
 */
export async function showProgress(
  work: Work,
  caseId: CaseId,
): Promise<{ readonly edited: boolean; readonly againMs?: number }> {
  const { db, vault, now } = work;
  const progress = await takeProgress(db, caseId);
  if (progress === undefined) return { edited: false };
  const open = await findCase(db, vault, caseId);
  const { eventId, lost } = await findFirstMessage(db, progress);
  if (open === undefined || lost) {
    await saveProgress(db, progress, progress.shown, now, true);
    return { edited: false };
  }
  if (eventId === undefined || (await isEditWaiting(db, caseId))) return { edited: false };
  const state = stateOf(await countCreationSteps(db, caseId));
  const shown = JSON.stringify(state);
  if (shown === progress.shown) return { edited: false };
  const wait =
    progress.editedAt === undefined
      ? 0
      : PAUSE_SECONDS * 1000 - progress.editedAt.until(now).total("milliseconds");
  if (wait > 0 && !state.finished) return { edited: false, againMs: wait };
  const content = noticeContent(
    state.finished ? summary(open.case, state) : interim(open.case, state),
  );
  await enqueueStep(db, open.seal, now, {
    account: progress.account,
    lane: laneOf(caseId),
    caseId,
    step: {
      kind: "send",
      room: { roomId: progress.roomId },
      type: "m.room.message",
      content: {
        ...content,
        // What clients show that know no edits ("Event replacements").
        body: `* ${content.body}`,
        "m.new_content": content,
        "m.relates_to": { rel_type: "m.replace", event_id: eventId },
      },
    },
    cause: laneOf(caseId),
    slot: String(progress.edits),
  });
  await saveProgress(db, progress, shown, now, state.finished);
  return { edited: true };
}

function laneOf(caseId: CaseId): string {
  return `progress:${caseId}`;
}

async function isEditWaiting(db: Transaction<Database>, caseId: CaseId): Promise<boolean> {
  const row = await db
    .selectFrom("outbox")
    .select("position")
    .where("lane", "=", laneOf(caseId))
    .where("state", "=", "pending")
    .executeTakeFirst();
  return row !== undefined;
}

interface Done {
  readonly done: number;
  readonly of: number;
}

interface CreationState {
  readonly rooms: Done;
  readonly people: Done;
  readonly failed: number;
  readonly finished: boolean;
}

function stateOf(counts: readonly StepCount[]): CreationState {
  const sum = (which: (count: StepCount) => boolean) =>
    counts.filter(which).reduce((total, { count }) => total + count, 0);
  const isRoom = ({ kind }: StepCount) => kind === "create-room";
  const isPerson = (count: StepCount) => count.isPerson;
  const isDone = ({ state }: StepCount) => state === "done";
  return {
    rooms: { done: sum((count) => isRoom(count) && isDone(count)), of: sum(isRoom) },
    people: { done: sum((count) => isPerson(count) && isDone(count)), of: sum(isPerson) },
    failed: sum(({ state }) => state === "dead" || state === "dropped"),
    finished: sum(({ state }) => state === "pending") === 0,
  };
}

function interim({ code: name, profile }: Case, { rooms, people, failed }: CreationState): Outcome {
  return answer(
    paragraph(strong(`${profile.name} is ${name}.`), " Its rooms are being made."),
    paragraph(
      `Rooms: ${rooms.done} of ${rooms.of}. Invitations: ${people.done} of ${people.of}.${failed === 0 ? "" : ` Failed: ${failed}.`}`,
    ),
  );
}

function summary(of: Case, { rooms, people, failed }: CreationState): Outcome {
  return answer(
    paragraph(strong(`${of.profile.name} is ${of.code}, and it is ready.`)),
    paragraph(
      `${rooms.done} rooms are made, and ${people.done} invitations sent or people joined. Each room welcomes its people when they come in.`,
    ),
    ...(failed === 0
      ? []
      : [
          paragraph(
            `${failed} steps failed: `,
            code("rogatory outbox list --dead"),
            " shows them and why.",
          ),
        ]),
  );
}
