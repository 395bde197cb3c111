import type { Command } from "commander";
import { loadConfig } from "../config/config.ts";
import { terminal } from "../dev/terminal.ts";
import { runBots } from "../process/run-bots.ts";

export function register(program: Command): void {
  program
    .command("start")
    .description("run the bots until they are stopped (Ctrl-C)")
    .option("--config <path>", "the configuration", process.env.ROGATORY_CONFIG ?? "rogatory.yaml")
    .action(async ({ config }: { readonly config: string }) => {
      const stopping = new AbortController();
      const stop = () => stopping.abort();
      process.once("SIGINT", stop);
      process.once("SIGTERM", stop);
      await runBots(loadConfig(config), {
        signal: stopping.signal,
        onReady: () => terminal.line("Rogatory is ready."),
      });
    });
}
