import { randomUUID } from "node:crypto";
import { flushCompileCache } from "node:module";
import { type Config, databaseLocation } from "../config/config.ts";
import { openDatabase } from "../db/database.ts";
import { listRenewals } from "../db/repositories/device-renewals.ts";
import { checkMasterKey } from "../db/repositories/journal.ts";
import { noteRunning } from "../db/repositories/management.ts";
import { listOpenShreddings } from "../db/repositories/shreddings.ts";
import { sealLeftOver } from "../services/keys/seal-left-over.ts";
import { reportStart } from "../services/management/troubles.ts";
import { readMasterKey } from "../vault/master-key.ts";
import { Vault } from "../vault/vault.ts";
import type { BotProcess } from "./bot-process.ts";
import { clockStartingAt, systemClock } from "./clock.ts";
import { serveControl } from "./control-socket.ts";
import { exitCodes } from "./exit-codes.ts";
import {
  endForRetention,
  endOnUncaught,
  endProcess,
  endWithSupervisor,
  tellSupervisorReady,
} from "./fatal.ts";
import { describeForLog, openLog } from "./log.ts";
import type { MetricsServer } from "./metrics-server.ts";
import { becomeOwner } from "./owner.ts";
import { isDestructionDue } from "./retention-due.ts";
import { LAST_END } from "./supervisor.ts";
import { startTicker } from "./ticker.ts";

export interface RunOptions {
  readonly signal: AbortSignal;
  onReady(): void;
  /** Another process serves the accounts; this one waits for its end. */
  onStandby(): void;
}

/**
 * Runs the bots until `signal` aborts: ownership, database, accounts, control socket. What goes wrong
 * after the start ends the process with one of `exitCodes`.
 *
 * @throws RogatoryError if something that an operator can mend keeps it from starting
 */
export async function runBots(
  config: Config,
  { signal, onReady, onStandby }: RunOptions,
): Promise<void> {
  endWithSupervisor();
  const log = openLog(config.paths.logs, config.log.level);
  using _guard = endOnUncaught(log);
  const onFatal = (error: unknown): never => endProcess(log, error);
  const program = loadProgram(config);
  let stoodBy = false;
  const ownership = await becomeOwner(config, {
    signal,
    onLost: onFatal,
    onStandby() {
      stoodBy = true;
      log.info("process.standby");
      onStandby();
    },
  });
  if (ownership === undefined) return;
  const lastEnd = process.env[LAST_END];
  const isPlanned = lastEnd === `exit code ${exitCodes.retention}`;
  try {
    const vault = new Vault(readMasterKey(config.secrets.masterKey));
    const clock =
      config.clock.startAt === undefined ? systemClock : clockStartingAt(config.clock.startAt);
    await using db = await openDatabase(databaseLocation(config), ownership.onConnection);
    await db.transaction().execute((transaction) => checkMasterKey(transaction, vault));
    await sealLeftOver(db, vault);
    if (await isDestructionDue(db, clock.now())) {
      const { destroyDue } = await import("./destroy-due.ts");
      for (const destroyed of await destroyDue({ db, vault, now: () => clock.now() })) {
        log.info("retention.destroyed", { ...destroyed });
      }
    }
    const shreddings = await listOpenShreddings(db, vault);
    if (shreddings.length > 0 || (await listRenewals(db)).length > 0) {
      // Loaded here, because every other start does without the homeserver's administration.
      const { finishShreddings } = await import("./finish-shreddings.ts");
      await finishShreddings({ config, db, vault, now: () => clock.now() });
    }
    const { startBots, createOperations, monitoring } = await program;
    const metrics = monitoring?.createMetrics({ db, clock });
    let started: BotProcess | undefined;
    const [bots, operations] = await Promise.all([
      startBots({ config, db, vault, clock, log, metrics, onFatal }),
      createOperations({
        config,
        db,
        vault,
        now: () => clock.now(),
        onSteps: () => started?.wakeSenders(),
        sessionOf: (userId) => started?.sessionOf(userId),
        checkCases: async (cases) => started?.checkCases(cases),
      }),
    ]);
    started = bots;
    ownership.onForeignSteps(() => bots.wakeSenders());
    const ifRunning = (error: unknown) => {
      if (!signal.aborted) onFatal(error);
    };
    const ticker = startTicker(() => {
      bots.tick();
      isDestructionDue(db, clock.now()).then((due) => {
        if (due && !signal.aborted) endForRetention(log);
      }, ifRunning);
    }, log);
    const control = await serveControl(config.paths.socket, operations, (method, error) =>
      log.error("operation.failed", { method, ...describeForLog(error) }),
    );
    let served: MetricsServer | undefined;
    try {
      const { listen } = config.metrics;
      if (listen !== undefined && metrics !== undefined) {
        served = await monitoring?.serveMetrics(listen, metrics.registry);
      }
      log.info("process.ready");
      onReady();
      tellSupervisorReady();
      await db.transaction().execute(async (transaction) => {
        const now = clock.now();
        const ranSince = await noteRunning(transaction, now);
        // The bots have made way for the destruction of data: nobody has to look into that.
        if (isPlanned) return;
        await reportStart({ db: transaction, vault, now }, config.bots.registrar, {
          ...{ cause: `start.${randomUUID()}`, lastEnd, ranSince, stoodBy },
        });
      });
      bots.wakeSenders();
      // A process that is killed would not leave it behind.
      flushCompileCache();
      await untilAborted(signal);
    } finally {
      await ticker.stop();
      await served?.close();
      await control.close();
    }
    await bots.stop();
    await db.transaction().execute((transaction) => noteRunning(transaction, undefined));
    log.info("process.stopped");
  } catch (error) {
    log.error("process.failed", describeForLog(error));
    throw error;
  } finally {
    await ownership.release();
  }
}

/**
 * The larger part of the program. It is loaded while the process waits for the database, and for its
 * turn; a failure is met where it is awaited.
 */
function loadProgram(config: Config) {
  const loading = Promise.all([
    import("./bot-process.ts"),
    import("./operations.ts"),
    config.metrics.listen === undefined
      ? undefined
      : Promise.all([import("./metrics.ts"), import("./metrics-server.ts")]),
  ]).then(([{ startBots }, { createOperations }, monitored]) => ({
    startBots,
    createOperations,
    monitoring: monitored && { ...monitored[0], ...monitored[1] },
  }));
  loading.catch(() => {});
  return loading;
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true }),
  );
}
