import type { Command } from "commander";
import type { OperationResult } from "../process/operation-shapes.ts";
import { type OperatorOptions, operate, show, withOperatorOptions } from "./operator-options.ts";

/** The rooms were looked at, and something is not as it must be. docs/operations.md names it. */
const FINDINGS = 2;

export function registerCheck(group: Command): void {
  withOperatorOptions(group.command("check"))
    .description("look whether rooms are as they must be; exit code 2 if one is not")
    .argument("[case]", "code or real name of a case; all if left out")
    .action(async (name: string | undefined, options: OperatorOptions) => {
      const checked = await operate(options, (ask) =>
        ask["case.check"](name === undefined ? {} : { case: name }),
      );
      show(options, checked, checkText);
      if (checked.cases.some(({ findings }) => findings.length > 0)) process.exitCode = FINDINGS;
    });
}

function checkText({ asked, cases }: OperationResult<"case.check">): readonly string[] {
  const lines = cases.flatMap(({ code, findings }) =>
    findings.length === 0
      ? [`${code}: every room is as it must be.`]
      : [
          `${code}:`,
          ...findings.map(
            ({ room, what, state, since }) =>
              `  ${room}: ${what} (${states[state]}, since ${since.slice(0, 16)}Z)`,
          ),
        ],
  );
  return [
    ...(lines.length === 0 ? ["There are no cases."] : lines),
    ...(asked
      ? []
      : ["", "The bots do not run: this is what the homeserver had told before they stopped."]),
  ];
}

const states = {
  repairing: "being put right",
  told: "the leaders were told",
  noted: "watched",
} as const;
