import { resolve } from "node:path";
import type { Command } from "commander";
import { loadConfig } from "../config/config.ts";
import { type OperatorOptions, show, withOperatorOptions } from "./operator-options.ts";

interface RotateOptions extends OperatorOptions {
  readonly newMasterKeyFile: string;
  readonly reason: string;
}

export function register(program: Command): void {
  const group = program.command("keys").description("change the master key");

  withOperatorOptions(group.command("rotate"))
    .description("seal all keys with another master key; the bots must be stopped")
    .requiredOption(
      "--new-master-key-file <path>",
      "file with the new key: make it with `openssl rand -hex 32`",
    )
    .option("--reason <text>", "why, for the log", "change of the master key")
    .action(async (options: RotateOptions) => {
      const config = loadConfig(options.config);
      const path = resolve(options.newMasterKeyFile);
      const { rotateMasterKey } = await import("../process/rotate-master-key.ts");
      const rotated = await rotateMasterKey(config, path, options.reason);
      const { masterKey } = config.secrets;
      const next =
        masterKey.value === undefined
          ? `Now let vault.masterKeyFile name ${path} (until now: ${masterKey.file ?? "nothing"}), then start the bots.`
          : "Now put the new key into ROGATORY_MASTER_KEY, then start the bots.";
      show(options, { ...rotated, next }, ({ values, publicKey }) => [
        ...(rotated.changed
          ? [
              "Everything is sealed with the new master key; the former one opens nothing in this database any more:",
              ...Object.entries(values).map(([name, count]) => `  ${count}  ${name}`),
            ]
          : ["The database was sealed with this key already; nothing was changed."]),
        "",
        next,
        "Keep the former key as long as you keep dumps made before: they open with it only.",
        `Exports of the log and certificates are signed with ${publicKey} from now on.`,
      ]);
    });
}
