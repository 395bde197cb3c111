import { describeError } from "../domain/errors.ts";
import { exitCodeOfFailure, exitCodes, kindOfFailure } from "./exit-codes.ts";
import { describeForLog, type Log } from "./log.ts";
import { READY, SUPERVISED } from "./supervisor.ts";

/** Ends this process at once: nothing may be written after a failure that left memory ahead. */
export function endProcess(log: Log, error: unknown, event = "process.fatal"): never {
  log.error(event, { kind: kindOfFailure(error), ...describeForLog(error) });
  const code = exitCodeOfFailure(error);
  if (code === exitCodes.operator) process.stderr.write(`rogatory: ${describeError(error)}\n`);
  process.exit(code);
}

/** Ends this process so that data whose retention time is over is destroyed at the next start. */
export function endForRetention(log: Log): never {
  log.info("process.retention-due");
  process.exit(exitCodes.retention);
}

/** What nobody catches ends the process: it is logged by kind, without the message. */
export function endOnUncaught(log: Log): Disposable {
  const uncaught = (error: unknown) => endProcess(log, error, "process.uncaught");
  const unhandled = (reason: unknown) => endProcess(log, reason, "process.unhandled-rejection");
  process.on("uncaughtException", uncaught);
  process.on("unhandledRejection", unhandled);
  return {
    [Symbol.dispose]() {
      process.off("uncaughtException", uncaught);
      process.off("unhandledRejection", unhandled);
    },
  };
}

/**
 * Ends this process when the supervisor that started it has gone, however that ended: a second
 * supervisor may already be starting another. It ends at once, as by kill -9, which loses nothing.
 */
export function endWithSupervisor(): void {
  if (process.env[SUPERVISED] === undefined) return;
  const end = () => process.exit(exitCodes.orphaned);
  if (!process.connected) end();
  process.once("disconnect", end);
  // Listening would keep a process open that has nothing left to do.
  process.channel?.unref();
}

/** Tells the supervisor, if there is one, that the bots answer. */
export function tellSupervisorReady(): void {
  if (process.connected) process.send?.(READY);
}
