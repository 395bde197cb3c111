import { type RawBuilder, sql, type Transaction } from "kysely";
import type { CaseId, RoomId } from "../../domain/ids.ts";
import { listForeignKeys, listTextColumns } from "../catalog.ts";
import type { Database } from "../schema.ts";

/** Tables that keep something of a shredded case: its code, the log, and the shredding itself. */
const kept: ReadonlySet<string> = new Set(["case_file", "journal", "shredding"]);

/**
 * Deletes every row of a case and of its rooms. The tables are found in the database's catalogue, by
 * their columns `case_id` and `room_id` and by foreign keys to such rows, so that none that a later
 * version adds is forgotten.
 *
 * @returns how many rows were deleted, by table; tables without any are left out
 */
export async function deleteCaseRows(
  db: Transaction<Database>,
  caseId: CaseId,
  rooms: readonly RoomId[],
): Promise<Readonly<Record<string, number>>> {
  return deleteWhere(db, await conditionsByTable(db, caseId, rooms, () => true));
}

/** What stands for a case's rooms and what was said in them; the rest of the case stays. */
const ofRooms: ReadonlySet<string> = new Set(["case_room", "outbox"]);

/** Deletes every row of a case's rooms: messages received and sent, members, and the rooms themselves. */
export async function deleteRoomRows(
  db: Transaction<Database>,
  caseId: CaseId,
  rooms: readonly RoomId[],
): Promise<Readonly<Record<string, number>>> {
  const conditions = await conditionsByTable(db, caseId, rooms, (table) => ofRooms.has(table));
  return deleteWhere(db, conditions);
}

async function deleteWhere(
  db: Transaction<Database>,
  conditions: ReadonlyMap<string, RawBuilder<unknown>>,
): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (const table of await childrenFirst(db, [...conditions.keys()])) {
    const condition = conditions.get(table);
    if (condition === undefined) continue;
    const { numAffectedRows } =
      await sql`delete from ${sql.table(table)} where ${condition}`.execute(db);
    if (numAffectedRows !== undefined && numAffectedRows > 0n) {
      counts[table] = Number(numAffectedRows);
    }
  }
  return counts;
}

async function conditionsByTable(
  db: Transaction<Database>,
  caseId: CaseId,
  rooms: readonly RoomId[],
  wholeCase: (table: string) => boolean,
): Promise<ReadonlyMap<string, RawBuilder<unknown>>> {
  const conditions = new Map<string, RawBuilder<unknown>>();
  const add = (table: string, condition: RawBuilder<unknown>) => {
    if (kept.has(table)) return;
    const known = conditions.get(table);
    conditions.set(table, known === undefined ? condition : sql`(${known}) or ${condition}`);
  };
  for (const { table, column } of await listTextColumns(db)) {
    if (column === "case_id" && wholeCase(table)) add(table, sql`${sql.ref(column)} = ${caseId}`);
    else if (column === "room_id" && rooms.length > 0) {
      add(table, sql`${sql.ref(column)} in (${sql.join(rooms)})`);
    }
  }
  // Steps outside of the case, such as the joining of a room, stand in the lane of the room.
  if (rooms.length > 0) add("outbox", sql`lane in (${sql.join(rooms)})`);

  const keys = await listForeignKeys(db);
  for (let grown = true; grown; ) {
    grown = false;
    for (const { from, to } of keys) {
      const parent = conditions.get(to.table);
      if (parent === undefined || conditions.has(from.table) || kept.has(from.table)) continue;
      add(
        from.table,
        sql`${sql.ref(from.column)} in
          (select ${sql.ref(to.column)} from ${sql.table(to.table)} where ${parent})`,
      );
      grown = true;
    }
  }
  return conditions;
}

/** An order in which no row is deleted while another one still points at it. */
async function childrenFirst(
  db: Transaction<Database>,
  tables: readonly string[],
): Promise<readonly string[]> {
  const keys = await listForeignKeys(db);
  const left = new Set(tables);
  const ordered: string[] = [];
  while (left.size > 0) {
    const free = [...left].filter(
      (table) =>
        !keys.some(
          ({ from, to }) => to.table === table && from.table !== table && left.has(from.table),
        ),
    );
    const next = free.length > 0 ? free : [...left];
    for (const table of next) left.delete(table);
    ordered.push(...next);
  }
  return ordered;
}
