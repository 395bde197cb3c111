import { setTimeout as delay } from "node:timers/promises";
import { type Kysely, sql } from "kysely";
import type { z } from "zod";
import { type Config, databaseLocation } from "../config/config.ts";
import { openDatabase } from "../db/database.ts";
import { checkMasterKey } from "../db/repositories/journal.ts";
import type { Database } from "../db/schema.ts";
import { RogatoryError } from "../domain/errors.ts";
import { sealLeftOver } from "../services/keys/seal-left-over.ts";
import { readMasterKey } from "../vault/master-key.ts";
import { Vault } from "../vault/vault.ts";
import { clockStartingAt, systemClock } from "./clock.ts";
import { callControl, isServed } from "./control-socket.ts";
import { type OperationName, type Operations, operationShapes } from "./operation-shapes.ts";
import { createOperations } from "./operations.ts";
import { acquireOwnerLock, tryOwnerLock } from "./owner-lock.ts";
import { STEPS_CHANNEL } from "./postgres-owner.ts";

type Call = (name: OperationName, params: unknown) => Promise<unknown>;

/** How long a process that owns the database may take to open its control socket. */
const patience = { milliseconds: 15_000, pause: 100 };

/**
 * Hands the callback a way to ask for operations: from the process that runs the bots if there is
 * one, or else here, with the database opened for the time of the callback.
 *
 * @throws RogatoryError `owner.held` if another process has the database and does not answer
 */
export async function withOperations<T>(
  config: Config,
  callback: (operations: Operations) => Promise<T>,
): Promise<T> {
  const { lock: lockPath, socket } = config.paths;
  const viaSocket = () => callback(clientOf((name, params) => callControl(socket, name, params)));
  if (config.database.kind === "postgresql") {
    // PostgreSQL takes several owners; the running process is asked because it sends at once.
    return (await isServed(socket)) ? viaSocket() : withOwnDatabase(config, callback);
  }
  const until = performance.now() + patience.milliseconds;
  for (;;) {
    const patient = performance.now() < until;
    const lock = patient ? tryOwnerLock(lockPath) : acquireOwnerLock(lockPath);
    if (lock !== undefined) {
      try {
        return await withOwnDatabase(config, callback);
      } finally {
        lock.release();
      }
    }
    if (await isServed(socket)) return viaSocket();
    await delay(patience.pause);
  }
}

async function withOwnDatabase<T>(
  config: Config,
  callback: (operations: Operations) => Promise<T>,
): Promise<T> {
  const vault = new Vault(readMasterKey(config.secrets.masterKey));
  const clock =
    config.clock.startAt === undefined ? systemClock : clockStartingAt(config.clock.startAt);
  await using db = await openDatabase(databaseLocation(config));
  await db.transaction().execute((transaction) => checkMasterKey(transaction, vault));
  await sealLeftOver(db, vault);
  const operations = await createOperations({ config, db, vault, now: () => clock.now() });
  return await callback(
    clientOf(async (name, params) => {
      const operation = operations[name];
      if (operation === undefined) throw new TypeError(`no operation ${name}`);
      const result = await operation(params);
      // The owner may be elsewhere, out of the socket's reach; a step has to be carried out at once.
      if (config.database.kind === "postgresql") await announceSteps(db);
      return result;
    }),
  );
}

function announceSteps(db: Kysely<Database>): Promise<unknown> {
  return sql`select pg_notify(${STEPS_CHANNEL}, '')`.execute(db);
}

/** Gives operations their types: what comes back is checked. */
export function clientOf(call: Call): Operations {
  const remote =
    <R>(name: OperationName, schema: z.ZodType<R>) =>
    async (params: unknown): Promise<R> => {
      const result = schema.safeParse(await call(name, params));
      if (result.success) return result.data;
      throw new RogatoryError(
        "operation.malformed",
        "The running process answers in another way than this version expects: restart it.",
        { cause: result.error },
      );
    };
  return {
    "case.new": remote("case.new", operationShapes["case.new"].result),
    "case.plan": remote("case.plan", operationShapes["case.plan"].result),
    "case.apply": remote("case.apply", operationShapes["case.apply"].result),
    "case.list": remote("case.list", operationShapes["case.list"].result),
    "case.show": remote("case.show", operationShapes["case.show"].result),
    "case.export": remote("case.export", operationShapes["case.export"].result),
    "case.close": remote("case.close", operationShapes["case.close"].result),
    "case.extend": remote("case.extend", operationShapes["case.extend"].result),
    "case.certificate": remote("case.certificate", operationShapes["case.certificate"].result),
    "case.check": remote("case.check", operationShapes["case.check"].result),
    "command.run": remote("command.run", operationShapes["command.run"].result),
    "log.verify": remote("log.verify", operationShapes["log.verify"].result),
    "log.export": remote("log.export", operationShapes["log.export"].result),
    "outbox.list": remote("outbox.list", operationShapes["outbox.list"].result),
    "outbox.retry": remote("outbox.retry", operationShapes["outbox.retry"].result),
    "outbox.drop": remote("outbox.drop", operationShapes["outbox.drop"].result),
    "inbox.list": remote("inbox.list", operationShapes["inbox.list"].result),
    "inbox.retry": remote("inbox.retry", operationShapes["inbox.retry"].result),
    "inbox.drop": remote("inbox.drop", operationShapes["inbox.drop"].result),
    "bot.status": remote("bot.status", operationShapes["bot.status"].result),
    "bot.recovery-key": remote("bot.recovery-key", operationShapes["bot.recovery-key"].result),
    "bot.verify.start": remote("bot.verify.start", operationShapes["bot.verify.start"].result),
    "bot.verify.next": remote("bot.verify.next", operationShapes["bot.verify.next"].result),
    "bot.verify.confirm": remote(
      "bot.verify.confirm",
      operationShapes["bot.verify.confirm"].result,
    ),
    "bot.verify.cancel": remote("bot.verify.cancel", operationShapes["bot.verify.cancel"].result),
  };
}
