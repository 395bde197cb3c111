import { relative, resolve } from "node:path";
import type { Command } from "commander";
import { DEFAULT_SERVER_NAME } from "../dev/homeserver/homeserver.ts";
import { terminal } from "../dev/terminal.ts";
import { createRegistration, writeRegistration } from "../matrix/provisioning/registration.ts";

interface Options {
  readonly serverName: string;
  readonly output: string;
  readonly id: string;
  readonly force?: true;
}

export function register(program: Command): void {
  program
    .command("appservice")
    .description("make the registration file that lets the bots onto a homeserver")
    .option("--server-name <name>", "server_name of the homeserver", DEFAULT_SERVER_NAME)
    .option("--output <path>", "where to write the file", "rogatory-registration.yaml")
    .option("--id <id>", "identifier; the bots' names begin with it", "rogatory")
    .option("--force", "replace an existing file, with new tokens")
    .action(async (options: Options) => {
      const path = resolve(options.output);
      const registration = createRegistration({ serverName: options.serverName, id: options.id });
      await writeRegistration(path, registration, { replace: options.force === true });
      terminal.line(`Written: ${path} (it holds secrets: only you can read it)`);
      terminal.line();
      terminal.line("Add this to homeserver.yaml and restart the homeserver:");
      terminal.line();
      terminal.line("app_service_config_files:");
      terminal.line(`  - ${path}`);
      terminal.line();
      const shown = relative(process.cwd(), path);
      terminal.line(
        `For the development homeserver: rogatory homeserver up --registration ${shown}`,
      );
    });
}
