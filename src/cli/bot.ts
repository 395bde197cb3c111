import { readFile } from "node:fs/promises";
import { Argument, type Command } from "commander";
import { loadConfig } from "../config/config.ts";
import { terminal } from "../dev/terminal.ts";
import { RogatoryError } from "../domain/errors.ts";
import { UserId } from "../domain/ids.ts";
import { botNames } from "../process/bot-accounts.ts";
import { statusText } from "./bot-status.ts";
import { askAtTerminal, type BotName, verifyBot } from "./bot-verify.ts";
import { endAfter } from "./end-after.ts";
import {
  type OperatorOptions,
  operate,
  type ReasonOption,
  show,
  withOperatorOptions,
} from "./operator-options.ts";

export function register(program: Command): void {
  const group = program
    .command("bot")
    .description("check, recover and verify the bots' identities");

  withOperatorOptions(group.command("status"))
    .description("show the identity and the keys of the bots; exit code 1 if something is wrong")
    .addArgument(new Argument("[bot]", "one of them; all if left out").choices(botNames))
    .action(async (bot: BotName | undefined, options: OperatorOptions) => {
      const accounts = await operate(options, (ask) =>
        ask["bot.status"](bot === undefined ? {} : { bot }),
      );
      show(options, accounts, statusText);
      if (accounts.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
    });

  withOperatorOptions(group.command("recover"))
    .description(
      "make a bot a new device of the same identity after its keys were lost; the bots must be stopped",
    )
    .addArgument(new Argument("<bot>", "the bot").choices(botNames))
    .option("--recovery-key-file <path>", "file with the recovery key, if the database has lost it")
    .action(endAfter(recover));

  withOperatorOptions(group.command("recovery-key"))
    .description("print the recovery key of a bot, for safe keeping outside the database")
    .addArgument(new Argument("<bot>", "the bot").choices(botNames))
    .requiredOption("--reason <text>", "why, for the log")
    .action(async (bot: BotName, options: OperatorOptions & ReasonOption) => {
      const { reason } = options;
      const shown = await operate(options, (ask) => ask["bot.recovery-key"]({ bot, reason }));
      show(options, shown, ({ recoveryKey }) => [recoveryKey]);
    });

  withOperatorOptions(group.command("verify"))
    .description("compare emoji with somebody who verifies a bot from their client")
    .addArgument(new Argument("<bot>", "the bot").choices(botNames))
    .option("--from <matrix-id>", "take a verification from this person only")
    .action(async (bot: BotName, options: OperatorOptions & { readonly from?: string }) => {
      const from = options.from === undefined ? undefined : readUserId(options.from);
      const stopping = new AbortController();
      process.once("SIGINT", () => stopping.abort());
      const verified = await operate(options, (ask) =>
        verifyBot(ask, { bot, from, terminal, question: askAtTerminal, signal: stopping.signal }),
      );
      if (!verified) process.exitCode = 1;
    });
}

async function recover(
  bot: BotName,
  options: OperatorOptions & { readonly recoveryKeyFile?: string },
): Promise<void> {
  const recoveryKey =
    options.recoveryKeyFile === undefined ? undefined : await readKey(options.recoveryKeyFile);
  const config = loadConfig(options.config);
  const { recoverBot } = await import("../process/recover-bot.ts");
  const recovered = await recoverBot(config, { bot, recoveryKey });
  show(options, recovered, ({ userId, deviceId, fingerprint, keys, deletedDevices }) => [
    `${userId} is the new device ${deviceId} of the same identity: whoever has verified it need not do so again.`,
    `  Fingerprint: ${fingerprint.ed25519}`,
    `  Room keys from the backup: ${keys.imported} of ${keys.total}`,
    `  Devices deleted: ${deletedDevices.join(", ") || "none"}`,
    "",
    "Start the bots: what could not be read before is read then.",
  ]);
}

async function readKey(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new RogatoryError(
      "recovery-key.file",
      `The file ${path} with the recovery key cannot be read: check its path.`,
      { cause },
    );
  }
}

function readUserId(text: string): UserId {
  const { success, data } = UserId.safeParse(text);
  if (success) return data;
  throw new RogatoryError("matrix-id.malformed", "A Matrix id looks like @name:example.org.");
}
