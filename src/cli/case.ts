import type { Command } from "commander";
import type { OperationResult } from "../process/operation-shapes.ts";
import { addAgreedOn } from "./case-agreement.ts";
import { registerCertificate } from "./case-certificate.ts";
import { registerCheck } from "./case-check.ts";
import { registerClose } from "./case-close.ts";
import { registerExport } from "./case-export.ts";
import { registerCaseFile } from "./case-file.ts";
import { registerShow } from "./case-show.ts";
import { registerShred } from "./case-shred.ts";
import { columns } from "./columns.ts";
import { addTwins, runTwin } from "./command-twins.ts";
import { type OperatorOptions, operate, show, withOperatorOptions } from "./operator-options.ts";

export async function register(program: Command): Promise<void> {
  const group = program
    .command("case")
    .description("plan, create, list, show, check, export, close and shred cases");

  registerCaseFile(group);
  withOperatorOptions(group.command("list"))
    .description("list all cases by their neutral codes")
    .action(async (options: OperatorOptions) => {
      show(options, await operate(options, (ask) => ask["case.list"]({})), listText);
    });
  registerShow(group);
  registerExport(group);
  registerClose(group);
  registerCertificate(group);
  registerCheck(group);
  registerShred(group);
  await addTwins(group, "case");
  addAgreedOn(group, (words, options) =>
    runTwin({ name: "case agreement extend" }, words, options),
  );
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
