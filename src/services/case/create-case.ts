import { randomBytes } from "node:crypto";
import { sql } from "kysely";
import { roomTemplate } from "../../config/room-template.ts";
import { findCase, findCaseByName, insertCase, insertPerson } from "../../db/repositories/cases.ts";
import { transactionIdOf } from "../../db/repositories/outbox.ts";
import type { BotAccounts } from "../../domain/case/bots.ts";
import type { CaseFile } from "../../domain/case/case-file.ts";
import { stateNameOf, stateOf } from "../../domain/case/life.ts";
import type { LocalWay } from "../../domain/case/ways.ts";
import { RogatoryError } from "../../domain/errors.ts";
import { CaseId, newId, PersonId } from "../../domain/ids.ts";
import { logAct } from "../acts.ts";
import { waysOf } from "../member/entering.ts";
import type { Actor, Work } from "../work.ts";
import { refuseEarly } from "./agreement.ts";
import { planAgreement } from "./agreement-timers.ts";
import { makeRooms } from "./make-rooms.ts";
import { planRooms } from "./plan-rooms.ts";
import { beginState } from "./retention.ts";
import { type RoomSummary, summariseRooms } from "./room-summary.ts";

export interface CaseRequest {
  readonly file: CaseFile;
  readonly bots: BotAccounts;
  /** How people of the own homeserver come in; invited room by room if left out. */
  readonly localPeople?: LocalWay | undefined;
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
 * the homeserver as steps.
 *
 * @throws RogatoryError `case.name-taken`, `case.agreement-early`, `template.unknown`
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
  refuseEarly(file, stateOf(template.life, stateNameOf(template.life, file.state)), now);
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
  await beginState({ db, now, caseId: id }, file, stateNameOf(template.life, state));
  const rooms = planRooms(code, file, template, bots);
  await makeRooms({ ...work, caseId: id, seal }, rooms, {
    ...{ bots, cause, ways: waysOf(bots, request.localPeople) },
    ...{ federate: template.federate, space: rooms.find(({ isSpace }) => isSpace)?.id },
  });
  await logAct({ ...work, caseId: id, seal, actor }, "case.create", {
    template: templateName,
    ...(state === undefined ? {} : { state }),
    people: file.people.length,
    rooms: rooms.map(({ name }) => name),
    ...(actor.kind === "operator" && actor.reason !== "" ? { reason: actor.reason } : {}),
  });
  return { caseId: id, code, created: true, rooms: await summariseRooms(work, id) };
}

const firstSlot = "create-0";

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
    'There is already a case of this name: add to it with rogatory case apply --reason "...", or give the new one another name.',
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
