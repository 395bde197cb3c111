import { sql, type Transaction } from "kysely";
import { z } from "zod";
import type { RetainedContent, RetentionClass } from "../../config/retention.ts";
import { deleteRoomRows } from "../../db/repositories/case-rows.ts";
import type { OpenCase } from "../../db/repositories/cases.ts";
import {
  appendToJournal,
  eraseEntries,
  type JournalRow,
  LOG_ERASED,
  placeOfDetails,
} from "../../db/repositories/journal.ts";
import { replaceMeasures } from "../../db/repositories/requests.ts";
import {
  findShredding,
  putShredding,
  type ShreddingRecord,
} from "../../db/repositories/shreddings.ts";
import type { Database } from "../../db/schema.ts";
import type { CaseId } from "../../domain/ids.ts";
import { endBoards } from "../board/show-boards.ts";
import type { Work } from "../work.ts";
import { beginShredding } from "./begin-shredding.ts";
import { mergeRecords } from "./merge-record.ts";
import { addRows, type Places, takePlaces } from "./places.ts";

export interface DueClass {
  readonly name: string;
  readonly rules: RetentionClass;
}

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
  let rows: Rows = {};
  let elsewhere: Places["record"] = { rooms: [], media: [], devices: [], homeservers: [] };
  for (const content of contents) {
    if (content === "rooms") {
      await endBoards({ db, caseId });
      const places = await takePlaces(work, open);
      elsewhere = places.record;
      rows = addRows(rows, places.rows, await deleteRoomRows(db, caseId, places.ending));
    } else {
      rows = addRows(rows, await destroyRows(db, open, content));
    }
  }
  const told = toldInLog(open, contents);
  const entries = contents.includes("log") ? 0 : await eraseEntries(db, caseId, told);
  if (entries > 0) rows = addRows(rows, { journal: entries });
  const details = { class: name, code, rows };
  // Sealed with the log's own key, which outlives the case's.
  const entry = { at: now, actor: "registrar", caseId };
  await appendToJournal(db, { vault }, { ...entry, act: "case.destroy", details });
  if (entries > 0) {
    await appendToJournal(db, { vault }, { ...entry, act: LOG_ERASED, details: { entries } });
  }
  if (contents.includes("log")) {
    const erased = await eraseEntries(db, caseId);
    rows = addRows(rows, { journal: erased });
    const about = { entries: erased };
    await appendToJournal(db, { vault }, { ...entry, act: LOG_ERASED, details: about });
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

const ToldText = z.union([
  z.object({ text: z.string() }),
  z.object({ measure: z.string() }),
  z.object({ line: z.string() }),
]);

/** Entries as earlier versions wrote them, with the text of an action item, a request or a typed line. */
function toldInLog(
  { seal }: OpenCase,
  contents: readonly RetainedContent[],
): (row: JournalRow) => boolean {
  const ofRequests = contents.some((content) => content.startsWith("request"));
  const acts = new Set([
    ...(contents.includes("actions") ? ["action.add", "command.run"] : []),
    ...(ofRequests ? ["request.create", "command.run"] : []),
  ]);
  return ({ act, sequence, details }) =>
    acts.has(act) &&
    ToldText.safeParse(seal.open<unknown>(placeOfDetails(sequence), details, z.unknown())).success;
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
    // These are more than rows: see destroyClass.
    case "rooms":
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
