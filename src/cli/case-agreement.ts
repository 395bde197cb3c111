import type { Command } from "commander";
import { RogatoryError } from "../domain/errors.ts";
import { type OperatorOptions, operate, type ReasonOption, show } from "./operator-options.ts";

interface LateOptions extends OperatorOptions, ReasonOption {
  readonly case: string;
  readonly agreedOn?: string;
}

/** Lets operators enter an extension that was agreed in time and is written down late. */
export function addAgreedOn(
  group: Command,
  asTyped: (
    words: readonly string[],
    options: LateOptions & { readonly output: string },
  ) => unknown,
): void {
  group.commands
    .find((child) => child.name() === "agreement")
    ?.commands.find((child) => child.name() === "extend")
    ?.option(
      "--agreed-on <date>",
      "the day on which the parties agreed, if its end is past: YYYY-MM-DD",
    )
    .action(async (words: string[], options: LateOptions & { readonly output: string }) => {
      if (options.agreedOn === undefined) await asTyped(words, options);
      else await extendLate(words, options, options.agreedOn);
    });
}

async function extendLate(words: readonly string[], options: LateOptions, agreedOn: string) {
  const [until] = words;
  const isDay = /^\d{4}-\d{2}-\d{2}$/;
  if (until === undefined || words.length > 1 || !isDay.test(until) || !isDay.test(agreedOn)) {
    throw new RogatoryError(
      "case.extension-dates",
      "With --agreed-on both days are written as year, month and day: --agreed-on 2028-01-07 2028-06-30.",
    );
  }
  const extended = await operate(options, (ask) =>
    ask["case.extend"]({ case: options.case, reason: options.reason, until, agreedOn }),
  );
  show(options, extended, ({ code, state }) => [
    `The agreement of ${code} is extended until the end of ${until}, as agreed on ${agreedOn}; the case is ${state}.`,
  ]);
}
