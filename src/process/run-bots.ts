import { type Config, databaseLocation } from "../config/config.ts";
import { openDatabase } from "../db/database.ts";
import { RogatoryError } from "../domain/errors.ts";
import { readMasterKey } from "../vault/master-key.ts";
import { Vault } from "../vault/vault.ts";
import { startBots } from "./bot-process.ts";
import { clockStartingAt, systemClock } from "./clock.ts";
import { serveControl } from "./control-socket.ts";
import { describeForLog, openLog } from "./log.ts";
import { createOperations } from "./operations.ts";
import { acquireOwnerLock } from "./owner-lock.ts";

/** The process must be started again: its memory may be ahead of what is durable. */
export const restartExitCode = 70;

/**
 * Runs the bots until `signal` aborts: owner lock, database, control socket, accounts.
 *
 * @throws RogatoryError if something that an operator can mend keeps it from starting
 */
export async function runBots(
  config: Config,
  { signal, onReady }: { readonly signal: AbortSignal; onReady(): void },
): Promise<void> {
  const lock = acquireOwnerLock(config.paths.lock);
  const log = openLog(config.paths.logs, config.log.level);
  const onFatal = (error: unknown): never => {
    log.error("process.fatal", describeForLog(error));
    // Nothing may be written after this: memory is ahead of what is durable.
    process.exit(restartExitCode);
  };
  try {
    const vault = new Vault(readMasterKey(config.secrets.masterKey));
    const clock =
      config.clock.startAt === undefined ? systemClock : clockStartingAt(config.clock.startAt);
    await using db = await openDatabase(databaseLocation(config));
    const bots = await startBots({ config, db, vault, clock, log, onFatal });
    const operations = await createOperations({
      config,
      db,
      vault,
      now: () => clock.now(),
      onSteps: () => bots.wakeSenders(),
    });
    const control = await serveControl(config.paths.socket, operations, (method, error) =>
      log.error("operation.failed", { method, ...describeForLog(error) }),
    );
    try {
      log.info("process.ready");
      onReady();
      await untilAborted(signal);
    } finally {
      await control.close();
    }
    await bots.stop();
    log.info("process.stopped");
  } catch (error) {
    if (!(error instanceof RogatoryError)) log.error("process.failed", describeForLog(error));
    throw error;
  } finally {
    lock.release();
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true }),
  );
}
