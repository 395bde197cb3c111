import { randomBytes } from "node:crypto";
import type { Kysely, Transaction } from "kysely";
import { z } from "zod";
import { type RoomId, UserId } from "../../domain/ids.ts";
import type { Database } from "../schema.ts";

type Reader = Kysely<Database> | Transaction<Database>;

const Operators = z.array(UserId);

export interface Management {
  readonly planKey: string;
  /** Undefined until the homeserver has made the room. */
  readonly roomId: RoomId | undefined;
  /** For whom invitations were made. */
  readonly operators: readonly UserId[];
}

/** The operators' room; undefined in a deployment that never had operators. */
export async function findManagement(db: Reader): Promise<Management | undefined> {
  const row = await db.selectFrom("management").selectAll().executeTakeFirst();
  if (row === undefined || row.plan_key === "") return undefined;
  return {
    planKey: row.plan_key,
    roomId: row.room_id ?? undefined,
    operators: Operators.parse(JSON.parse(row.operators)),
  };
}

/** Lets one transaction at a time judge the operators' room; the end of the transaction releases it. */
export async function lockManagement(db: Transaction<Database>): Promise<void> {
  await db.selectFrom("management").select("id").forUpdate().execute();
}

/** Plans the operators' room, if it is not planned yet. */
export async function planManagement(db: Transaction<Database>): Promise<void> {
  await ensureRow(db);
  await db
    .updateTable("management")
    .set({ plan_key: randomBytes(16).toString("hex") })
    .where("plan_key", "=", "")
    .execute();
}

export async function saveOperators(
  db: Transaction<Database>,
  operators: readonly UserId[],
): Promise<void> {
  await db
    .updateTable("management")
    .set({ operators: JSON.stringify(operators) })
    .execute();
}

export async function saveManagementRoom(db: Transaction<Database>, roomId: RoomId): Promise<void> {
  await db.updateTable("management").set({ room_id: roomId }).execute();
}

/**
 * Notes that the bots run, or that they have ended properly.
 *
 * @returns since when they ran before, if that run has not ended properly
 */
export async function noteRunning(
  db: Transaction<Database>,
  since: Temporal.Instant | undefined,
): Promise<Temporal.Instant | undefined> {
  await ensureRow(db);
  const { running_since: before } = await db
    .selectFrom("management")
    .select("running_since")
    .executeTakeFirstOrThrow();
  await db
    .updateTable("management")
    .set({ running_since: since?.toString() ?? null })
    .execute();
  return before === null ? undefined : Temporal.Instant.from(before);
}

async function ensureRow(db: Transaction<Database>): Promise<void> {
  await db
    .insertInto("management")
    .values({ id: 1, plan_key: "", room_id: null, operators: "[]", running_since: null })
    .onConflict((conflict) => conflict.column("id").doNothing())
    .execute();
}
