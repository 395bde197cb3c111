import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { RogatoryError } from "../domain/errors.ts";
import type { OperationResult } from "../process/operation-shapes.ts";
import { registerShred } from "./case-shred.ts";
import { addTwins } from "./command-twins.ts";
import {
  type OperatorOptions,
  operate,
  type ReasonOption,
  show,
  withOperatorOptions,
  withReason,
} from "./operator-options.ts";

export async function register(program: Command): Promise<void> {
  const group = program.command("case").description("create, list, show and shred cases");

  withOperatorOptions(group.command("new"))
    .description("create the case of a file, with its people and rooms")
    .requiredOption(
      "--from <file>",
      "the case file; config/case.*.example.yaml explain what stands in it",
    )
    .action(create);
  withOperatorOptions(group.command("list"))
    .description("list all cases by their neutral codes")
    .action(async (options: OperatorOptions) => {
      show(options, await operate(options, (ask) => ask["case.list"]({})), listText);
    });
  withReason(withOperatorOptions(group.command("show")))
    .description("show the rooms and people of a case")
    .argument("<case>", "code or real name of the case")
    .action(async (name: string, options: OperatorOptions & ReasonOption) => {
      const { reason } = options;
      const shown = await operate(options, (ask) => ask["case.show"]({ case: name, reason }));
      show(options, shown, showText);
    });
  registerShred(group);
  await addTwins(group, "case");
}

async function create(options: OperatorOptions & { readonly from: string }): Promise<void> {
  const yaml = await readFile(options.from, "utf8").catch((cause: unknown) => {
    throw new RogatoryError(
      "case.file-missing",
      `The case file ${options.from} cannot be read: check its path.`,
      { cause },
    );
  });
  const created = await operate(options, (ask) =>
    ask["case.new"]({ yaml, fileName: options.from, cause: `cli-${randomUUID()}` }),
  );
  show(options, created, createdText);
}

function createdText({ code, rooms }: OperationResult<"case.new">): readonly string[] {
  return [
    `Created: ${code}`,
    "",
    ...rooms.map((room) => `  ${code} · ${roomName(room)}`),
    "",
    `The rooms are made and the people invited as soon as the bots run: rogatory case list shows how far they are.`,
  ];
}

function listText(cases: OperationResult<"case.list">): readonly string[] {
  if (cases.length === 0) return ["There are no cases yet: rogatory case new --from FILE.yaml"];
  return columns([
    ["CODE", "TEMPLATE", "CREATED", "PEOPLE", "ROOMS"],
    ...cases.map(({ code, template, createdAt, people, rooms }) => [
      code,
      template,
      createdAt.slice(0, 10),
      String(people),
      rooms.made === rooms.planned ? String(rooms.planned) : `${rooms.made} of ${rooms.planned}`,
    ]),
  ]);
}

function showText(shown: OperationResult<"case.show">): readonly string[] {
  const { code, name, template, timeZone, rooms, people, steps } = shown;
  return [
    `${code}: ${name} (${template}, ${timeZone})`,
    "",
    ...columns([
      ["ROOM", "STATE", "JOINED", "INVITED"],
      ...rooms.map((room) => [
        roomName(room),
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

function roomName({ kind, section }: OperationResult<"case.new">["rooms"][number]): string {
  return section ?? kind;
}

function roomState({ kind, roomId, encrypted }: OperationResult<"case.show">["rooms"][number]) {
  if (roomId === undefined) return "waiting";
  if (kind === "space") return "made";
  return encrypted ? "made, encrypted" : "made";
}

function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
