import { randomBytes } from "node:crypto";
import { sql } from "kysely";
import { roomTemplate } from "../../config/room-template.ts";
import {
  findCase,
  findCaseByName,
  insertCase,
  insertCaseRoom,
  insertPerson,
} from "../../db/repositories/cases.ts";
import { enqueueStep, transactionIdOf } from "../../db/repositories/outbox.ts";
import type { BotAccounts } from "../../domain/case/bots.ts";
import type { CaseFile } from "../../domain/case/case-file.ts";
import { RogatoryError } from "../../domain/errors.ts";
import { CaseId, newId, PersonId } from "../../domain/ids.ts";
import type { SealBox } from "../../vault/seal-box.ts";
import { logAct } from "../acts.ts";
import type { Actor, Work } from "../work.ts";
import { planAgreement } from "./agreement-timers.ts";
import { type PlannedRoom, planRooms } from "./plan-rooms.ts";
import { createRoomStep, inviteBots, invitePeople, type SlottedStep } from "./room-steps.ts";
import { type RoomSummary, summariseRooms } from "./room-summary.ts";

export interface CaseRequest {
  readonly file: CaseFile;
  readonly bots: BotAccounts;
  readonly actor: Actor;
  /** Names this wish: the same cause again gives the same case. */
  readonly cause: string;
}

export interface CreatedCase {
  readonly caseId: CaseId;
  readonly code: string;
  /** False when the same cause had made it before. */
  readonly created: boolean;
  readonly rooms: readonly RoomSummary[];
}

/**
 * Puts a case, its people and its rooms into the database, with everything that has to be done on
 * the homeserver as steps of one lane, in order: all rooms first, then what links and fills them.
 *
 * @throws RogatoryError `case.name-taken`, `template.unknown`
 */
export async function createCase(work: Work, request: CaseRequest): Promise<CreatedCase> {
  const { db, vault, now } = work;
  // One case is made at a time, so that neither a code, a name nor a cause is used twice.
  await sql`lock table case_file in share row exclusive mode`.execute(db);
  const earlier = await findByCause(work, request);
  if (earlier !== undefined) return earlier;

  const { file, bots, actor, cause } = request;
  await refuseTakenName(work, file.profile.name);
  const template = roomTemplate(file.template);
  const id = newId(CaseId);
  const code = await freeCode(work, template.codePrefix);
  const { template: templateName, profile, state } = file;
  const seal = await insertCase(db, vault, now, {
    id,
    code,
    template: templateName,
    profile,
    state,
  });
  for (const person of file.people) {
    await insertPerson(db, seal, { id: newId(PersonId), caseId: id, ...person });
  }
  await planAgreement({ db, now, caseId: id }, file);
  const rooms = planRooms(code, file, template, bots);
  for (const { id: roomId, kind, section, position, planKey } of rooms) {
    const room = { id: roomId, caseId: id, kind, section, position, planKey, roomId: undefined };
    await insertCaseRoom(db, room);
  }
  await enqueueSteps(work, seal, { caseId: id, account: bots.registrar, cause }, [
    ...rooms.map((room) => createRoomStep(room, template.federate)),
    ...linkRooms(rooms, serverOf(bots.registrar)),
    ...rooms.flatMap(inviteBots),
    ...rooms.flatMap(invitePeople),
  ]);
  await logAct({ ...work, caseId: id, seal, actor }, "case.create", {
    template: templateName,
    ...(state === undefined ? {} : { state }),
    people: file.people.length,
    rooms: rooms.map(({ name }) => name),
    ...(actor.kind === "operator" ? { reason: actor.reason } : {}),
  });
  return { caseId: id, code, created: true, rooms: await summariseRooms(work, id) };
}

const firstSlot = "create-0";

/** `via` names a server that is in the room: that of the account which makes it. */
function linkRooms(rooms: readonly PlannedRoom[], server: string): SlottedStep[] {
  const space = rooms.find(({ isSpace }) => isSpace);
  if (space === undefined) return [];
  return rooms
    .filter(({ inSpace }) => inSpace)
    .map((room) => ({
      slot: `child-${room.position}`,
      step: {
        kind: "set-state",
        room: { caseRoomId: space.id },
        type: "m.space.child",
        stateKey: { caseRoomId: room.id },
        // `order` is sorted as text (Matrix specification, m.space.child).
        content: { via: [server], order: String(room.position).padStart(4, "0"), suggested: true },
      },
    }));
}

async function enqueueSteps(
  { db, now }: Work,
  seal: SealBox,
  common: {
    readonly caseId: CaseId;
    readonly account: BotAccounts["registrar"];
    readonly cause: string;
  },
  steps: readonly SlottedStep[],
): Promise<void> {
  for (const { slot, step } of steps) {
    await enqueueStep(db, seal, now, { ...common, lane: `case:${common.caseId}`, slot, step });
  }
}

async function findByCause(
  work: Work,
  { bots, cause }: CaseRequest,
): Promise<CreatedCase | undefined> {
  const row = await work.db
    .selectFrom("outbox")
    .select("case_id")
    .where("account", "=", bots.registrar)
    .where("transaction_id", "=", transactionIdOf(cause, firstSlot))
    .executeTakeFirst();
  if (row === undefined || row.case_id === null) return undefined;
  const open = await findCase(work.db, work.vault, row.case_id);
  if (open === undefined) {
    throw new RogatoryError(
      "case.shredded",
      "This made a case that has been shredded since: nothing was done.",
    );
  }
  return {
    caseId: open.case.id,
    code: open.case.code,
    created: false,
    rooms: await summariseRooms(work, open.case.id),
  };
}

/** People name a case by its real name too: two of the same name could be mistaken for each other. */
async function refuseTakenName({ db, vault }: Work, name: string): Promise<void> {
  const other = await findCaseByName(db, vault, name);
  if (other === undefined) return;
  throw new RogatoryError(
    "case.name-taken",
    `There is already a case of this name: ${other.case.code}. Look at it with rogatory case show ${other.case.code}, or give the new one another name.`,
  );
}

/** Four random hexadecimal digits leave 65,536 codes to a prefix. */
async function freeCode({ db }: Work, prefix: string): Promise<string> {
  const rows = await db.selectFrom("case_file").select("code").execute();
  const taken = new Set(rows.map(({ code }) => code));
  for (let attempt = 0; attempt < 1000; attempt += 1) {
    const code = `${prefix}-${randomBytes(2).toString("hex").toUpperCase()}`;
    if (!taken.has(code)) return code;
  }
  throw new RogatoryError(
    "case.codes-used-up",
    `Nearly all codes beginning with ${prefix} are taken: use a template with another codePrefix.`,
  );
}

function serverOf(userId: string): string {
  return userId.slice(userId.indexOf(":") + 1);
}
