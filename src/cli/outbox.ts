import type { Command } from "commander";
import type { OperationResult } from "../process/operation-shapes.ts";
import { columns } from "./columns.ts";
import { ageText, numberIn } from "./listed.ts";
import {
  type OperatorOptions,
  operate,
  type ReasonOption,
  show,
  withOperatorOptions,
  withReason,
} from "./operator-options.ts";

const readId = numberIn("rogatory outbox list");

export function register(program: Command): void {
  const group = program
    .command("outbox")
    .description("see what is still to be sent, and settle what was given up");

  withOperatorOptions(group.command("list"))
    .description("list the steps that are still to be done on the homeserver; never their content")
    .option("--dead", "only those that were given up")
    .action(async (options: OperatorOptions & { readonly dead?: true }) => {
      const dead = options.dead === true;
      show(options, await operate(options, (ask) => ask["outbox.list"]({ dead })), listText);
    });
  withOperatorOptions(group.command("retry"))
    .description("try a step again that was given up, or one that waits at once")
    .argument("<id>", "the number in the list", readId)
    .action(async (id: number, options: OperatorOptions) => {
      const done = await operate(options, (ask) => ask["outbox.retry"]({ id }));
      show(options, done, () => [`Step ${id} is tried again as soon as the bots run.`]);
    });
  withReason(withOperatorOptions(group.command("drop")))
    .description("decide that a step is not to be done any more")
    .argument("<id>", "the number in the list", readId)
    .action(async (id: number, options: OperatorOptions & ReasonOption) => {
      const { reason } = options;
      const done = await operate(options, (ask) => ask["outbox.drop"]({ id, reason }));
      show(options, done, () => [`Step ${id} was dropped.`]);
    });
}

function listText(steps: OperationResult<"outbox.list">): readonly string[] {
  if (steps.length === 0) return ["There is nothing."];
  const rows = steps.map((step) => [
    String(step.id),
    step.state,
    step.kind,
    step.account,
    step.lane,
    step.failure ?? "",
    String(step.attempts),
    ageText(step.age),
  ]);
  const head = ["ID", "STATE", "KIND", "ACCOUNT", "LANE", "FAILURE", "ATTEMPTS", "AGE"];
  return columns([head, ...rows]);
}
