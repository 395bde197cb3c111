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

const readId = numberIn("rogatory inbox list");

export function register(program: Command): void {
  const group = program
    .command("inbox")
    .description("see which messages wait or could not be handled, and settle them");

  withOperatorOptions(group.command("list"))
    .description("list the messages that wait or were set aside; never what they say, nor by whom")
    .option("--parked", "only those that were set aside because handling them has failed")
    .action(async (options: OperatorOptions & { readonly parked?: true }) => {
      const parked = options.parked === true;
      show(options, await operate(options, (ask) => ask["inbox.list"]({ parked })), listText);
    });
  withOperatorOptions(group.command("retry"))
    .description("handle a message again that was set aside, or one that waits at once")
    .argument("<id>", "the number in the list", readId)
    .action(async (id: number, options: OperatorOptions) => {
      const done = await operate(options, (ask) => ask["inbox.retry"]({ id }));
      show(options, done, () => [
        `Message ${id} is handled again, within ten seconds if the bots run.`,
      ]);
    });
  withReason(withOperatorOptions(group.command("drop")))
    .description("decide that a message is never to be handled; its sender is not told")
    .argument("<id>", "the number in the list", readId)
    .action(async (id: number, options: OperatorOptions & ReasonOption) => {
      const { reason } = options;
      const done = await operate(options, (ask) => ask["inbox.drop"]({ id, reason }));
      show(options, done, () => [`Message ${id} was dropped.`]);
    });
}

function listText(events: OperationResult<"inbox.list">): readonly string[] {
  if (events.length === 0) return ["There is nothing."];
  const rows = events.map((event) => [
    ...[String(event.id), event.state, event.account, event.roomId, event.eventId],
    ...[event.failure ?? "", ageText(event.age)],
  ]);
  return columns([["ID", "STATE", "ACCOUNT", "ROOM", "EVENT", "FAILURE", "AGE"], ...rows]);
}
