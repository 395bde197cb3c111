import { createInterface } from "node:readline/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { Terminal } from "../dev/terminal.ts";
import type { BotName } from "../domain/case/bots.ts";
import type { UserId } from "../domain/ids.ts";
import type { OperationResult, Operations } from "../process/operation-shapes.ts";

export type { BotName };

type Step = OperationResult<"bot.verify.next">;

export interface VerifyOptions {
  readonly bot: BotName;
  readonly from: UserId | undefined;
  readonly terminal: Pick<Terminal, "line">;
  /** Asks the operator; rejects when the signal aborts. */
  question(text: string, signal: AbortSignal): Promise<string>;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly pauseMs?: number;
}

/**
 * Lets an operator verify a bot with a person: shows what the bot's side shows, and confirms only on
 * a "y" typed here.
 *
 * @returns whether both sides have confirmed
 */
export async function verifyBot(
  ask: Pick<
    Operations,
    "bot.verify.start" | "bot.verify.next" | "bot.verify.confirm" | "bot.verify.cancel"
  >,
  { bot, from, terminal, question, signal, pauseMs = 500 }: VerifyOptions,
): Promise<boolean> {
  const { ticket, userId } = await ask["bot.verify.start"](
    from === undefined ? { bot } : { bot, from },
  );
  terminal.line(`Waiting for ${from ?? "somebody"} to verify ${userId}. Ctrl-C ends.`);
  terminal.line(
    "In their client they open a direct conversation with the bot, then its profile, and choose Verify.",
  );
  const asking = new AbortController();
  const failures: unknown[] = [];
  let shown: Step["kind"] = "waiting";
  try {
    for (;;) {
      if (failures.length > 0) throw failures[0];
      const step = await ask["bot.verify.next"]({ ticket });
      const isNew = step.kind !== shown;
      shown = step.kind;
      if (isNew) for (const line of describe(step)) terminal.line(line);
      if (step.kind === "done") return true;
      if (step.kind === "cancelled") return false;
      if (isNew && step.kind === "comparing") {
        // Asked beside the loop: the other side may cancel while the operator compares.
        void question("Do both sides show the same? [y/N] ", asking.signal)
          .then(
            (answer) =>
              /^y(es)?$/i.test(answer.trim())
                ? ask["bot.verify.confirm"]({ ticket })
                : ask["bot.verify.cancel"]({ ticket, mismatch: true }),
            () => undefined,
          )
          .catch((error: unknown) => failures.push(error));
      }
      if (signal.aborted) {
        await ask["bot.verify.cancel"]({ ticket, mismatch: false });
        terminal.line("Cancelled.");
        return false;
      }
      await delay(pauseMs);
    }
  } finally {
    asking.abort();
  }
}

function describe({ kind, person, emoji, decimals, code, byUs }: Step): readonly string[] {
  const who = person?.userId ?? "The other side";
  switch (kind) {
    case "waiting":
      return [];
    case "accepted":
      return [
        `${who}${person?.deviceId === undefined ? "" : ` (device ${person.deviceId})`} asks. In their client they now choose to compare emoji.`,
      ];
    case "comparing":
      return [
        `Compare with what ${who} sees, side by side or by telephone, not in Matrix:`,
        "",
        `  ${emoji.map(({ symbol, name }) => `${symbol} ${name}`).join("   ")}`,
        `  ${decimals.join("  ")}`,
        "",
      ];
    case "confirmed":
      return [`Confirmed here. Waiting for ${who} to confirm too.`];
    case "done":
      return [`Verified: ${who} and the bot have confirmed each other.`];
    case "cancelled":
      return [
        code === "m.mismatched_sas"
          ? "Not verified: the two sides did not show the same. Somebody may stand between them: do not use this connection for case content before you know why."
          : `Not verified: cancelled by ${byUs === true ? "this side" : who} (${code ?? "m.user"}).`,
      ];
  }
}

/** Asks at the terminal, on standard error, so that results can be piped. */
export async function askAtTerminal(text: string, signal: AbortSignal): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(text, { signal });
  } finally {
    lines.close();
  }
}
