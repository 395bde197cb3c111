import type { Command } from "commander";
import {
  type OperatorOptions,
  operate,
  type ReasonOption,
  show,
  withOperatorOptions,
  withReason,
  writeFiles,
} from "./operator-options.ts";

interface CloseOptions extends OperatorOptions, ReasonOption {
  readonly to?: string;
}

export function registerClose(group: Command): void {
  withReason(withOperatorOptions(group.command("close")))
    .description("end a case for good: people leave its rooms, and retention times begin")
    .argument("<case>", "code or real name of the case")
    .option("--to <folder>", "where what may be kept of it is written")
    .action(closeCase);
}

async function closeCase(name: string, options: CloseOptions): Promise<void> {
  const { reason, to } = options;
  const closed = await operate(options, (ask) => ask["case.close"]({ case: name, reason }));
  const { code, state, emptyAfterMinutes, files } = closed;
  const written = to === undefined ? [] : await writeFiles(to, files);
  show(options, { code, state, emptyAfterMinutes, files: written }, () => [
    `${code} is now ${state}. Everybody is taken out of its rooms in ${emptyAfterMinutes} minutes, while the bots run.`,
    ...written.map((path) => `Written: ${path}`),
    ...(to === undefined
      ? [`Until its data is destroyed: rogatory case export ${code} --to FOLDER --reason "..."`]
      : []),
    `Its data is destroyed class by class; what was is certified: rogatory case certificate ${code}`,
  ]);
}
