import type { Command } from "commander";
import { RogatoryError } from "../domain/errors.ts";
import type { OperationResult } from "../process/operation-shapes.ts";
import { columns } from "./columns.ts";
import { type OperatorOptions, operate, show, withOperatorOptions } from "./operator-options.ts";

interface ShowOptions extends OperatorOptions {
  readonly reason?: string;
}

export function registerShow(group: Command): void {
  withOperatorOptions(group.command("show"))
    .description("show a case; with a reason also its name, people and rooms")
    .argument("<case>", "code of the case; with a reason its real name does too")
    .option("--reason <text>", "why you look at its content, for the log of the case")
    .action(showCase);
}

async function showCase(name: string, options: ShowOptions): Promise<void> {
  const { reason } = options;
  if (reason === undefined) {
    show(options, await summaryOf(name, options), summaryText);
    return;
  }
  const shown = await operate(options, (ask) => ask["case.show"]({ case: name, reason }));
  show(options, shown, showText);
}

type Summary = OperationResult<"case.list">[number];

/** What the homeserver may know too. A real name is not looked up: that would confirm it. */
async function summaryOf(code: string, options: ShowOptions): Promise<Summary> {
  const cases = await operate(options, (ask) => ask["case.list"]({}));
  const found = cases.find((known) => known.code === code.toUpperCase());
  if (found !== undefined) return found;
  throw new RogatoryError(
    "case.unknown",
    `There is no case with the code “${code}”: rogatory case list shows the codes. A real name needs --reason.`,
  );
}

function summaryText({ code, template, state, createdAt, people, rooms }: Summary) {
  return [
    `${code} (${template}, ${state})`,
    `Created: ${createdAt.slice(0, 10)}; people: ${people}; rooms: ${rooms.made} of ${rooms.planned}`,
    'What it is about, and who is in it, is shown with --reason "...", which goes to its log.',
  ];
}

function showText(shown: OperationResult<"case.show">): readonly string[] {
  const { code, name, template, state, timeZone, rooms, people, steps } = shown;
  return [
    `${code}: ${name} (${template}, ${timeZone}, ${state})`,
    "",
    ...columns([
      ["ROOM", "STATE", "JOINED", "INVITED"],
      ...rooms.map((room) => [
        room.section ?? room.kind,
        roomState(room),
        String(room.joined),
        String(room.invited),
      ]),
    ]),
    "",
    ...columns([
      ["PERSON", "FUNCTION", "FROM", "ROLE", "TIME ZONE", "IN ROOMS"],
      ...people.map((person) => [
        person.userId,
        person.function,
        person.affiliation ?? "",
        person.role,
        person.timeZone,
        String(person.joined),
      ]),
    ]),
    "",
    `Still to be done on the homeserver: ${steps.pending}${steps.dead === 0 ? "" : `; given up: ${steps.dead} (see the log)`}`,
  ];
}

function roomState({ kind, roomId, encrypted }: OperationResult<"case.show">["rooms"][number]) {
  if (roomId === undefined) return "waiting";
  if (kind === "space") return "made";
  return encrypted ? "made, encrypted" : "made";
}
