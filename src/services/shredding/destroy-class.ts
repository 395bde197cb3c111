import { sql, type Transaction } from "kysely";
import type { RetainedContent, RetentionClass } from "../../config/retention.ts";
import { deleteRoomRows } from "../../db/repositories/case-rows.ts";
import type { OpenCase } from "../../db/repositories/cases.ts";
import { wantRenewal } from "../../db/repositories/device-renewals.ts";
import { appendToJournal, eraseEntries, LOG_ERASED } from "../../db/repositories/journal.ts";
import { replaceMeasures } from "../../db/repositories/requests.ts";
import {
  findShredding,
  putShredding,
  type ShreddingRecord,
} from "../../db/repositories/shreddings.ts";
import type { Database } from "../../db/schema.ts";
import type { CaseId } from "../../domain/ids.ts";
import type { Work } from "../work.ts";
import { beginShredding, devicesIn, homeserversIn, roomsOf, uploadsOf } from "./begin-shredding.ts";
import { mergeRecords } from "./merge-record.ts";

export interface DueClass {
  readonly name: string;
  readonly rules: RetentionClass;
}

type Elsewhere = Pick<ShreddingRecord, "rooms" | "media" | "devices" | "homeservers">;

type Rows = Readonly<Record<string, number>>;

/** What stands in the place of a request's text afterwards. */
const GONE = "Destroyed when its retention time was over";

/**
 * Destroys one class of a case's data in the database, in one transaction, and notes what has to be
 * destroyed elsewhere. The last class shreds the case. No bot may run meanwhile.
 */
export async function destroyClass(
  work: Work,
  open: OpenCase,
  { name, rules }: DueClass,
): Promise<ShreddingRecord> {
  const { db, vault, now } = work;
  const { id: caseId, code } = open.case;
  const { title, source, contents } = rules;
  const reason = `Retention time over: ${title} (${source})`;
  const destroyed = { name, title, source, destroyedAt: now.toString() };
  if (contents.includes("case")) {
    return beginShredding(work, { name: code, reason, classes: [destroyed] });
  }
  const rows: Record<string, number> = {};
  const elsewhere: Elsewhere = { rooms: [], media: [], devices: [], homeservers: [] };
  for (const content of contents) {
    if (content === "rooms") Object.assign(elsewhere, await inRooms(work, open));
    const counts = await destroyRows(db, open, content);
    for (const [table, count] of Object.entries(counts)) rows[table] = (rows[table] ?? 0) + count;
  }
  const details = { class: name, code, rows };
  // Sealed with the log's own key, which outlives the case's.
  const entry = { at: now, actor: "registrar", caseId };
  await appendToJournal(db, { vault }, { ...entry, act: "case.destroy", details });
  if (contents.includes("log")) {
    const entries = await eraseEntries(db, caseId);
    rows.journal = entries;
    await appendToJournal(db, { vault }, { ...entry, act: LOG_ERASED, details: { entries } });
  }
  const record = mergeRecords(await findShredding(db, vault, caseId), {
    ...{ caseId, code, reason, rows, ...elsewhere },
    requestedAt: now.toString(),
    keyDestroyed: false,
    classes: [destroyed],
  });
  await putShredding(db, vault, record);
  return record;
}

/** What the rooms have elsewhere, read before their rows are gone; their bots become new devices. */
async function inRooms({ db, vault }: Work, open: OpenCase): Promise<Elsewhere> {
  const rooms = await roomsOf(db, open.case.id);
  const media = await uploadsOf(db, open);
  const devices = await devicesIn(db, rooms);
  for (const { userId } of devices) await wantRenewal(db, vault, userId);
  return {
    rooms: rooms.map((roomId) => ({ roomId, outcome: "pending" })),
    media: media.map((uri) => ({ uri, outcome: "pending" })),
    devices,
    homeservers: await homeserversIn(db, rooms),
  };
}

async function destroyRows(
  db: Transaction<Database>,
  { case: { id: caseId }, seal }: OpenCase,
  content: RetainedContent,
): Promise<Rows> {
  switch (content) {
    case "actions":
      return deleteFrom(db, "action_item", caseId);
    case "requests":
      return deleteFrom(db, "request", caseId);
    case "meetings":
      return deleteFrom(db, "meeting", caseId);
    case "takeaways":
      return deleteFrom(db, "takeaway", caseId);
    case "request-texts":
      return { "request (texts)": await replaceMeasures(db, seal, caseId, GONE) };
    case "rooms":
      return deleteRoomRows(db, caseId, await roomsOf(db, caseId));
    // Both are more than rows: see destroyClass.
    case "log":
    case "case":
      return {};
  }
}

async function deleteFrom(
  db: Transaction<Database>,
  table: "action_item" | "request" | "meeting" | "takeaway",
  caseId: CaseId,
): Promise<Rows> {
  const { numAffectedRows } =
    await sql`delete from ${sql.table(table)} where case_id = ${caseId}`.execute(db);
  return { [table]: Number(numAffectedRows ?? 0n) };
}
