import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDatabase } from "../../src/db/database.ts";
import { UserId } from "../../src/domain/ids.ts";
import { OwnershipLostError } from "../../src/process/errors.ts";
import { kindOfFailure } from "../../src/process/exit-codes.ts";
import type { Ownership } from "../../src/process/owner.ts";
import {
  acquirePostgresOwnership,
  keyOf,
  STEPS_CHANNEL,
} from "../../src/process/postgres-owner.ts";
import { countStandbys } from "../../src/process/standbys.ts";
import { createTestDatabase, postgresUrl, type TestPostgres } from "../support/postgresql.ts";

const source = join(import.meta.dirname, "../../src");
const accounts = [UserId.parse("@clerk:example.org"), UserId.parse("@scribe:example.org")];

let postgres: TestPostgres;
const owned: Ownership[] = [];
const children: ChildProcess[] = [];

describe.skipIf(postgresUrl === undefined)("the owner of accounts on PostgreSQL", () => {
  beforeEach(async () => {
    postgres = await createTestDatabase(postgresUrl ?? "");
  });

  afterEach(async () => {
    for (const ownership of owned.splice(0)) await ownership.release();
    for (const child of children.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    }
    await postgres.drop();
  });

  async function acquire(options: {
    readonly accounts?: readonly UserId[];
    readonly signal?: AbortSignal;
    readonly onStandby?: () => void;
    readonly onLost?: (error: unknown) => void;
  }) {
    const ownership = await acquirePostgresOwnership(postgres.url, options.accounts ?? accounts, {
      signal: options.signal ?? new AbortController().signal,
      onStandby: options.onStandby ?? (() => {}),
      onLost: options.onLost ?? (() => {}),
    });
    if (ownership !== undefined) owned.push(ownership);
    return ownership;
  }

  /** Another owner, which writes as fast as it can and says how often it has. */
  async function otherOwner(): Promise<{ child: ChildProcess; lines: AsyncIterable<string> }> {
    const script = `
      const { acquirePostgresOwnership } = await import(${JSON.stringify(`${source}/process/postgres-owner.ts`)});
      const { openDatabase } = await import(${JSON.stringify(`${source}/db/database.ts`)});
      const ownership = await acquirePostgresOwnership(${JSON.stringify(postgres.url)}, ${JSON.stringify(accounts)}, {
        signal: new AbortController().signal,
        onStandby() {},
        onLost() { process.exit(74); },
      });
      const db = await openDatabase({ kind: "postgresql", url: ${JSON.stringify(postgres.url)} }, ownership.onConnection);
      for (let number = 1; ; number += 1) {
        await db.insertInto("room").values({ room_id: "!" + number, encryption: null, history_visibility: "joined" }).execute();
        if (number === 1) console.log("writing");
      }`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    children.push(child);
    const lines = createInterface({ input: child.stdout });
    await once(lines, "line");
    return { child, lines };
  }

  it("is told how many processes stand by", async () => {
    await using db = await openDatabase({ kind: "postgresql", url: postgres.url });
    expect(await countStandbys(db)).toBe(0);
    await acquire({});
    expect(await countStandbys(db)).toBe(0);
    const stopping = new AbortController();
    const waits = Promise.withResolvers<void>();
    const second = acquire({ signal: stopping.signal, onStandby: () => waits.resolve() });
    await waits.promise;
    expect(await countStandbys(db)).toBe(1);
    stopping.abort();
    expect(await second).toBeUndefined();
  });

  it("is one process; the next takes over when it lets go", async () => {
    const first = await acquire({});
    const standby = Promise.withResolvers<void>();
    const second = acquire({ onStandby: standby.resolve });
    await standby.promise;
    await first?.release();
    expect(await second).toBeDefined();
  });

  it("owns all of its accounts or none of them", async () => {
    const [one] = accounts;
    const first = await acquire({ accounts: one === undefined ? [] : [one] });
    const standby = Promise.withResolvers<void>();
    const both = acquire({ onStandby: standby.resolve });
    await standby.promise;
    // The account that is free stays free while the other is not.
    const other = await acquire({ accounts: accounts.slice(1) });
    expect(other).toBeDefined();
    await other?.release();
    await first?.release();
    expect(await both).toBeDefined();
  });

  it("gives up waiting when it is asked to stop", async () => {
    await acquire({});
    const stopping = new AbortController();
    const second = acquire({ signal: stopping.signal, onStandby: () => stopping.abort() });
    expect(await second).toBeUndefined();
  });

  it("follows a killed owner within seconds", async () => {
    const { child } = await otherOwner();
    const standby = Promise.withResolvers<void>();
    const next = acquire({ onStandby: standby.resolve });
    await standby.promise;
    const killed = performance.now();
    child.kill("SIGKILL");
    expect(await next).toBeDefined();
    expect(performance.now() - killed).toBeLessThan(10_000);
  });

  it("lets nothing be written by an owner whose lock was cut, once the next one begins", async () => {
    const { child } = await otherOwner();
    const ended = once(child, "exit");
    const standby = Promise.withResolvers<void>();
    const next = acquire({ onStandby: standby.resolve });
    await standby.promise;
    const cut = performance.now();
    await postgres.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'rogatory owner' and pid in (select pid from pg_locks where locktype = 'advisory' and objid::bigint = ($1::bigint & 4294967295) and granted)",
      [keyOf("owner", accounts[0] ?? UserId.parse("@x:y"))],
    );
    expect(await next).toBeDefined();
    expect(performance.now() - cut).toBeLessThan(10_000);
    const count = async () =>
      (await postgres.query("select count(*)::integer from room"))[0]?.count;
    const atTheStart = await count();
    await ended;
    expect(child.exitCode).toBe(74);
    expect(await count()).toBe(atTheStart);
  });

  it("ends the connections of a frozen owner and begins", async () => {
    const { child } = await otherOwner();
    child.kill("SIGSTOP");
    // Only the connection with the lock is cut; the frozen process still has its writing one.
    await postgres.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'rogatory owner'",
    );
    expect(await acquire({})).toBeDefined();
    const ended = once(child, "exit");
    child.kill("SIGCONT");
    await ended;
    expect(child.exitCode).not.toBe(0);
  });

  it("refuses new connections of a process that has lost its lock without noticing", async () => {
    const lost: unknown[] = [];
    const first = await acquire({ onLost: (error) => lost.push(error) });
    // The lock goes away while this process is busy: it has had no chance to see it yet.
    await first?.release();
    const db = await openDatabase(postgres.location, first?.onConnection).catch(
      (error: unknown) => error,
    );
    expect(kindOfFailure(db)).toBe("database");
  });

  it("says once that the connection was lost", async () => {
    const lost = Promise.withResolvers<unknown>();
    await acquire({ onLost: lost.resolve });
    await postgres.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'rogatory owner'",
    );
    expect(await lost.promise).toBeInstanceOf(OwnershipLostError);
    owned.splice(0);
  });

  it("hears when another process has put steps into the outbox", async () => {
    const ownership = await acquire({});
    const heard = Promise.withResolvers<void>();
    ownership?.onForeignSteps(heard.resolve);
    await postgres.query(`select pg_notify('${STEPS_CHANNEL}', '')`);
    await heard.promise;
  });
});

describe("the keys of accounts", () => {
  it("never change from one version to the next, for two versions must exclude each other", () => {
    expect(keyOf("owner", UserId.parse("@clerk:example.org"))).toMatchInlineSnapshot(
      `"-3222008402625655313"`,
    );
    expect(keyOf("writers", UserId.parse("@clerk:example.org"))).toMatchInlineSnapshot(
      `"872229598332742085"`,
    );
  });
});
