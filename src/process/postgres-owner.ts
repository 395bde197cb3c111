import { createHash, randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import type { OnConnection } from "../db/database.ts";
import type { UserId } from "../domain/ids.ts";
import { OwnershipLostError } from "./errors.ts";
import type { Ownership, OwnershipOptions } from "./owner.ts";

/** Told by whoever put steps into the outbox without being the owner. */
export const STEPS_CHANNEL = "rogatory_steps";

/** What the connections that own the accounts, or wait to own them, call themselves. */
export const OWNER_NAME = "rogatory owner";

const standbyPauseMs = 1_000;
const heartbeatMs = 2_000;
const answerWithinMs = 5_000;
/** How long connections of the last owner may linger before they are ended from here. */
const lingerMs = 3_000;

/**
 * Owns accounts by advisory locks of one connection that does nothing else. With three kinds of keys
 * nothing can be written by an owner that has lost them, however late it notices:
 *
 * - one key for each account, held exclusively by the owner's connection: there is one owner;
 * - one key for each account that every writing connection of an owner shares: the next owner begins
 *   only when it could have it alone for a moment, when no connection of the last one is left;
 * - one random key of this process, held as the first: a writing connection that finds it free was
 *   opened by a process that is no longer the owner, and is refused.
 *
 * @returns undefined if it was asked to stop while another process was the owner
 */
export async function acquirePostgresOwnership(
  url: string,
  accounts: readonly UserId[],
  { signal, onStandby, onLost }: OwnershipOptions,
): Promise<Ownership | undefined> {
  const client = new pg.Client({
    connectionString: url,
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    query_timeout: answerWithinMs,
    application_name: OWNER_NAME,
  });
  let state: "waiting" | "owner" | "released" = "waiting";
  const lost = (cause: unknown) => {
    if (state !== "owner") return;
    state = "released";
    onLost(new OwnershipLostError("the connection that holds the accounts was lost", { cause }));
  };
  const foreignSteps: (() => void)[] = [];
  client.on("error", lost);
  client.on("end", () => lost(undefined));
  client.on("notification", () => {
    for (const listener of foreignSteps) listener();
  });

  const owners = accounts.map((account) => keyOf("owner", account));
  const writers = accounts.map((account) => keyOf("writers", account));
  const own = BigInt.asIntN(64, randomBytes(8).readBigUInt64BE()).toString();
  try {
    await client.connect();
    // A machine that has lost its power says nothing: the server must ask.
    await client.query(
      "set tcp_keepalives_idle = 3; set tcp_keepalives_interval = 2; set tcp_keepalives_count = 2",
    );
    let waiting = false;
    while (!(await tryAll(client, owners))) {
      if (!waiting) onStandby();
      waiting = true;
      await delay(standbyPauseMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) {
        await client.end();
        return undefined;
      }
    }
    await outlastWriters(client, writers);
    await client.query("select pg_advisory_lock($1::bigint)", [own]);
    await client.query(`listen ${STEPS_CHANNEL}`);
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
  state = "owner";
  // A network that swallows everything closes no connection: silence counts as loss, too.
  const heartbeat = setInterval(() => client.query("select 1").catch(lost), heartbeatMs);
  heartbeat.unref();
  return {
    onConnection: asWriter(writers, own, lost),
    onForeignSteps: (listener) => void foreignSteps.push(listener),
    async release() {
      state = "released";
      clearInterval(heartbeat);
      await client.end();
    },
  };
}

/** All of the locks or none, so that two waiting processes do not share them out. */
async function tryAll(client: pg.Client, keys: readonly string[]): Promise<boolean> {
  const held: string[] = [];
  for (const key of keys) {
    const { rows } = await client.query<{ got: boolean }>(
      "select pg_try_advisory_lock($1::bigint) as got",
      [key],
    );
    if (rows[0]?.got !== true) {
      for (const one of held) await client.query("select pg_advisory_unlock($1::bigint)", [one]);
      return false;
    }
    held.push(key);
  }
  return true;
}

/** Waits until no connection of an earlier owner is left, and ends those that linger. */
async function outlastWriters(client: pg.Client, writers: readonly string[]): Promise<void> {
  const until = performance.now() + lingerMs;
  while (!(await tryAll(client, writers))) {
    if (performance.now() >= until) await endHolders(client, writers);
    await delay(100);
  }
  for (const key of writers) await client.query("select pg_advisory_unlock($1::bigint)", [key]);
}

/** Ends the sessions that hold one of the locks; the same database user may do that. */
async function endHolders(client: pg.Client, keys: readonly string[]): Promise<void> {
  await client.query(
    `select pg_terminate_backend(pid) from pg_locks
     where locktype = 'advisory' and granted and pid <> pg_backend_pid()
       and database = (select oid from pg_database where datname = current_database())
       and objsubid = 1 and (classid::bigint << 32) | objid::bigint = any($1::bigint[])`,
    [keys],
  );
}

function asWriter(
  writers: readonly string[],
  own: string,
  lost: (error: unknown) => void,
): OnConnection {
  return async (client) => {
    await client.query("select pg_advisory_lock_shared(key) from unnest($1::bigint[]) as key", [
      writers,
    ]);
    const { rows } = await client.query<{ free: boolean }>(
      "select pg_try_advisory_lock_shared($1::bigint) as free",
      [own],
    );
    if (rows[0]?.free === false) return;
    const error = new OwnershipLostError("another process may own the accounts");
    lost(error);
    throw error;
  };
}

/** A number that follows from the Matrix id, the same in every version. */
export function keyOf(use: "owner" | "writers", account: UserId): string {
  const digest = createHash("sha256").update(`rogatory ${use} ${account}`).digest();
  return BigInt.asIntN(64, digest.readBigUInt64BE()).toString();
}
