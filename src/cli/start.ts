import type { Command } from "commander";
import { type Config, loadConfig } from "../config/config.ts";
import { terminal } from "../dev/terminal.ts";
import { reportError } from "./errors.ts";

interface StartOptions {
  readonly config: string;
  readonly once?: true;
}

export function register(program: Command): void {
  program
    .command("start")
    .description("run the bots until they are stopped (Ctrl-C)")
    .option("--config <path>", "the configuration", process.env.ROGATORY_CONFIG ?? "rogatory.yaml")
    .option("--once", "run the bots in this very process, which nothing starts again when it fails")
    .action(async (options: StartOptions) => {
      const stopping = new AbortController();
      const stop = () => stopping.abort();
      process.once("SIGINT", stop);
      process.once("SIGTERM", stop);
      // Before anything is started: what is wrong with the file is said once, by this process.
      const config = loadConfig(options.config);
      if (options.once === true) await runOnce(config, stopping.signal);
      else process.exitCode = await keepRunning(config, options.config, stopping.signal);
    });
}

async function runOnce(config: Config, signal: AbortSignal): Promise<void> {
  const { warmUpCrypto } = await import("../matrix/crypto/warm-up.ts");
  warmUpCrypto();
  const { runBots } = await import("../process/run-bots.ts");
  try {
    await runBots(config, {
      signal,
      onReady: () => terminal.line("Rogatory is ready."),
      onStandby: () => terminal.line("Another process serves these accounts; standing by."),
    });
    // Time limits of requests that have long ended would hold the process open for two minutes.
    process.exit(0);
  } catch (error) {
    const { exitCodeOfFailedStart } = await import("../process/exit-codes.ts");
    const verbose = process.argv.includes("--verbose");
    reportError(error, { terminal, verbose });
    // Accounts that did start hold the process open.
    process.exit(exitCodeOfFailedStart(error));
  }
}

async function keepRunning(config: Config, path: string, signal: AbortSignal): Promise<number> {
  const { supervise } = await import("../process/supervisor.ts");
  const { openLog } = await import("../process/log.ts");
  const { botsNodeFlags } = await import("../process/node-flags.ts");
  const log = openLog(config.paths.logs, config.log.level);
  const [, program = ""] = process.argv;
  return supervise({
    file: process.execPath,
    args: [...process.execArgv, ...botsNodeFlags, program, "start", "--once", "--config", path],
    signal,
    onStart: (child) => log.info("supervisor.started", { child }),
    onEnd({ pid, code, signal: by, pauseMs }) {
      const end = { child: pid, code: code ?? undefined, signal: by ?? undefined, pauseMs };
      log[pauseMs === undefined ? "info" : "warn"]("supervisor.ended", end);
      if (pauseMs === undefined) return;
      const how = by === null ? `exit code ${code}` : by;
      terminal.error(
        `rogatory: The bots' process ended (${how}); it is started again in ${pauseMs / 1000} s.`,
      );
    },
  });
}
