import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { EventId } from "../../src/domain/ids.ts";
import { exitCodes } from "../../src/process/exit-codes.ts";
import { type PostgresProxy, startPostgresProxy } from "../support/postgres-proxy.ts";
import { createTestDatabase, postgresUrl, type TestPostgres } from "../support/postgresql.ts";
import { openProgramCase, type ProgramCase } from "../support/program-case.ts";

const LogLine = z.looseObject({ msg: z.string() });

describe.skipIf(postgresUrl === undefined)(
  "bots that lose the connection to their database while they handle a command",
  { timeout: 240_000 },
  () => {
    let postgres: TestPostgres;
    let proxy: PostgresProxy;
    let program: ProgramCase;

    beforeAll(async () => {
      postgres = await createTestDatabase(postgresUrl ?? "");
      proxy = await startPostgresProxy(postgres.url);
      program = await openProgramCase(proxy.url);
      await program.leader.replyTo(await program.leader.say(program.coordination, "!help"));
    }, 240_000);
    afterAll(async () => {
      await program?.close();
      await proxy?.close();
      await postgres?.drop();
    });

    async function events(wanted: string) {
      const text = await readFile(program.deployment.files.log, "utf8");
      const lines = text.trimEnd().split("\n");
      return lines
        .map((line) => LogLine.parse(JSON.parse(line)))
        .filter(({ msg }) => msg === wanted);
    }

    /** Everything that the bots have answered, once they have answered something later. */
    async function answersTo(eventId: EventId) {
      const { leader, coordination } = program;
      await leader.replyTo(await leader.say(coordination, "!action list"));
      return leader.repliesTo(eventId);
    }

    async function expectDoneOnce(title: string, eventId: EventId, ends: number): Promise<void> {
      const given = await answersTo(eventId);
      expect(given.map(({ body }) => body)).toEqual([expect.stringContaining(title)]);
      const ended = await events("supervisor.ended");
      expect(ended.map((line) => line.code)).toEqual(Array(ends).fill(exitCodes.database));
      expect(await events("process.fatal")).toHaveLength(ends);
      expect(await events("process.uncaught")).toEqual([]);
      expect(await events("command.failed")).toEqual([]);
    }

    it("handle it again after the restart if nothing of it was kept, and answer it once", async () => {
      const { leader, coordination } = program;
      await postgres.query("begin");
      await postgres.query("lock table action_item in access exclusive mode");
      const asked = await leader.say(coordination, "!action add the first parcel");
      const waiting = () =>
        postgres.query(
          "select pid from pg_locks where relation = 'action_item'::regclass and not granted",
        );
      await expect.poll(waiting, { timeout: 30_000 }).toHaveLength(1);
      await postgres.query(
        "select pg_terminate_backend(pid) from pg_locks where relation = 'action_item'::regclass and not granted",
      );
      await postgres.query("rollback");
      await leader.replyTo(asked);
      await expectDoneOnce("the first parcel", asked, 1);
      expect(await postgres.query("select number from action_item")).toHaveLength(1);
    });

    it("do not handle it again if all of it was kept, and answer it once", async () => {
      const { leader, coordination } = program;
      const lost = proxy.loseCommit(['insert into "outbox"', 'update "inbox"']);
      const asked = await leader.say(coordination, "!action add the second parcel");
      await lost;
      await leader.replyTo(asked);
      await expectDoneOnce("the second parcel", asked, 2);
      expect(await postgres.query("select number from action_item")).toHaveLength(2);
    });
  },
);
