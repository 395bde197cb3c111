import type { Command } from "commander";
import type { OperationResult } from "../process/operation-shapes.ts";
import { type OperatorOptions, operate, show, withOperatorOptions } from "./operator-options.ts";

/** The rooms were looked at, and something is not as it must be. docs/operations.md names it. */
const FINDINGS = 2;

interface CheckOptions extends OperatorOptions {
  readonly reason?: string;
}

export function registerCheck(group: Command): void {
  withOperatorOptions(group.command("check"))
    .description("look whether rooms are as they must be; exit code 2 if one is not")
    .argument("[case]", "code of a case, with a reason its real name too; all if left out")
    .option("--reason <text>", "why you look at who is concerned, for the log of the case")
    .action(async (name: string | undefined, options: CheckOptions) => {
      const { reason } = options;
      const checked = await operate(options, (ask) =>
        ask["case.check"]({
          ...(name === undefined ? {} : { case: name }),
          ...(reason === undefined ? {} : { reason }),
        }),
      );
      show(options, checked, checkText);
      const findings = checked.cases.flatMap((one) => one.findings);
      if (findings.length > 0 || (checked.operators ?? []).length > 0) {
        process.exitCode = FINDINGS;
      }
    });
}

function checkText(checked: OperationResult<"case.check">): readonly string[] {
  const { asked, cases, operators = [] } = checked;
  const lines = cases.flatMap(({ code, findings }) =>
    findings.length === 0
      ? [`${code}: every room is as it must be.`]
      : [`${code}:`, ...findings.map((finding) => `  ${findingText(finding, states)}`)],
  );
  return [
    ...(lines.length === 0 ? ["There are no cases."] : lines),
    ...operators.map((finding) =>
      findingText(finding, { ...states, told: "the operators were told" }),
    ),
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

function findingText(
  { room, what, state, since }: OperationResult<"case.check">["cases"][number]["findings"][number],
  names: Readonly<Record<keyof typeof states, string>>,
): string {
  return `${room}: ${what} (${names[state]}, since ${since.slice(0, 16)}Z)`;
}
