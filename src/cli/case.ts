import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { RogatoryError } from "../domain/errors.ts";
import type { OperationResult } from "../process/operation-shapes.ts";
import { registerCertificate } from "./case-certificate.ts";
import { registerClose } from "./case-close.ts";
import { registerExport } from "./case-export.ts";
import { registerShow } from "./case-show.ts";
import { registerShred } from "./case-shred.ts";
import { columns } from "./columns.ts";
import { addTwins } from "./command-twins.ts";
import { type OperatorOptions, operate, show, withOperatorOptions } from "./operator-options.ts";

export async function register(program: Command): Promise<void> {
  const group = program
    .command("case")
    .description("create, list, show, export, close and shred cases");

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
  registerShow(group);
  registerExport(group);
  registerClose(group);
  registerCertificate(group);
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
    ["CODE", "TEMPLATE", "STATE", "CREATED", "PEOPLE", "ROOMS"],
    ...cases.map(({ code, template, state, createdAt, people, rooms }) => [
      code,
      template,
      state,
      createdAt.slice(0, 10),
      String(people),
      rooms.made === rooms.planned ? String(rooms.planned) : `${rooms.made} of ${rooms.planned}`,
    ]),
  ]);
}

function roomName({ kind, section }: OperationResult<"case.new">["rooms"][number]): string {
  return section ?? kind;
}
