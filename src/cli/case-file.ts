import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import { terminal } from "../dev/terminal.ts";
import { RogatoryError } from "../domain/errors.ts";
import type { OperationParams, OperationResult } from "../process/operation-shapes.ts";
import { accountNotes } from "../services/case/unknown-accounts.ts";
import { columns } from "./columns.ts";
import { type OperatorOptions, operate, show, withOperatorOptions } from "./operator-options.ts";

interface FileOptions extends OperatorOptions {
  readonly from: string;
  readonly roster?: string;
  readonly reason?: string;
}

interface ConsentOptions extends FileOptions {
  readonly yes?: true;
  readonly allowUnknownAccounts?: true;
}

type Plan = OperationResult<"case.plan">;

const allowUnknown = [
  "--allow-unknown-accounts",
  "invite people whose account the homeserver does not know yet; who is asked is shown them",
] as const;

/** Sub-commands that read a case file. */
export function registerCaseFile(group: Command): void {
  withFile(group.command("plan"))
    .description("show what applying a case file would do: rooms, people, powers, invitations")
    .action(plan);
  withFile(group.command("apply"))
    .description("create the case of a file, or add what is new in it to the case of that name")
    .option("--yes", "do not ask; without a terminal nothing is done without it")
    .option(...allowUnknown)
    .action(apply);
  withFile(group.command("new"))
    .description("create the case of a file; refused if there is a case of that name")
    .option("--yes", "do not ask; without a terminal nobody is asked anyway")
    .option(...allowUnknown)
    .action(create);
}

function withFile(command: Command): Command {
  return withOperatorOptions(command)
    .requiredOption(
      "--from <file>",
      "the case file; config/case.*.example.yaml explain what stands in it",
    )
    .option("--roster <file>", "people in a file of their own: CSV, or YAML if it ends in .yaml")
    .option("--reason <text>", "why, for the log of the case; obligatory if the case exists");
}

async function plan(options: FileOptions): Promise<void> {
  const files = await readFiles(options);
  show(options, await operate(options, (ask) => ask["case.plan"](files)), planText);
}

async function apply(options: ConsentOptions): Promise<void> {
  const files = await readFiles(options);
  let isAgreed = false;
  if (options.yes !== true) {
    const mayAsk = isAtTerminal() && options.json !== true;
    const planned = await operate(options, (ask) => ask["case.plan"](files));
    isAgreed = mayAsk && (await consent(planned));
    if (!isAgreed) {
      // A program reads one answer: the plan has a sub-command of its own.
      if (!mayAsk && options.json !== true) show(options, planned, planText);
      throw new RogatoryError(
        "case.no-consent",
        "Nothing was done. To do what the plan says, repeat the command with --yes.",
      );
    }
  }
  const applied = await operate(options, (ask) =>
    ask["case.apply"]({ ...files, ...wish(options, isAgreed) }),
  );
  show(options, applied, appliedText);
}

async function create(options: ConsentOptions): Promise<void> {
  const files = await readFiles(options);
  let isAgreed = false;
  if (options.yes !== true && options.json !== true && isAtTerminal()) {
    isAgreed = await consent(await operate(options, (ask) => ask["case.plan"](files)));
    if (!isAgreed) throw new RogatoryError("case.no-consent", "Nothing was done.");
  }
  const created = await operate(options, (ask) =>
    ask["case.new"]({ ...files, ...wish(options, isAgreed) }),
  );
  show(options, created, createdText);
}

/** Who has seen the plan has been told of unknown accounts; a script says that it expects them. */
function wish({ allowUnknownAccounts }: ConsentOptions, isAgreed: boolean) {
  const refuseUnknownAccounts = allowUnknownAccounts !== true && !isAgreed;
  return { cause: `cli-${randomUUID()}`, refuseUnknownAccounts };
}

async function readFiles(options: FileOptions): Promise<OperationParams<"case.plan">> {
  const yaml = await read(options.from, "case.file-missing", "The case file");
  const reason = options.reason === undefined ? {} : { reason: options.reason };
  if (options.roster === undefined) return { yaml, fileName: options.from, ...reason };
  const text = await read(options.roster, "case.roster-missing", "The roster");
  const roster = { text, fileName: basename(options.roster) };
  return { yaml, fileName: options.from, roster, ...reason };
}

async function read(path: string, code: string, what: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: unknown) => {
    throw new RogatoryError(code, `${what} ${path} cannot be read: check its path.`, { cause });
  });
}

function isAtTerminal(): boolean {
  return process.stdin.isTTY && process.stdout.isTTY;
}

async function consent(planned: Plan): Promise<boolean> {
  for (const line of planText(planned)) terminal.line(line);
  terminal.line();
  const input = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await input.question("Do this? Type yes: ")).trim().toLowerCase() === "yes";
  } finally {
    input.close();
  }
}

const ways = {
  invited: "an invitation to each room",
  "by-space": "one invitation to the space, then by themselves",
  joined: "joined by the registrar",
} as const satisfies Readonly<Record<Plan["people"][number]["way"], string>>;

function planText({
  name,
  kind,
  code,
  rooms,
  people,
  kept,
  unknownAccounts,
}: Plan): readonly string[] {
  return [
    code === undefined
      ? `${name} (${kind}): a new case; its neutral code is chosen when it is made.`
      : `${name} (${kind}) exists: ${code}. What is there already stays as it is.`,
    "",
    ...columns([
      ["ROOM", "", "JOINED BY", "PEOPLE", "BOTS"],
      ...rooms.map((room) => [
        room.name,
        room.exists ? "exists" : "new",
        room.joinRule === "restricted" ? "members of the space" : "invitation only",
        String(room.people.length),
        room.bots.join(" "),
      ]),
    ]),
    "",
    ...columns([
      ["PERSON", "", "FUNCTION", "FROM", "ROLE", "POWER", "COMES IN BY", "ROOMS"],
      ...people.map((person) => [
        person.userId,
        person.exists ? "exists" : "new",
        person.function,
        person.affiliation ?? "",
        person.role,
        String(person.power),
        ways[person.way],
        person.rooms.map((room) => room.split(" · ").at(-1) ?? room).join(", "),
      ]),
    ]),
    ...(kept.length === 0 ? [] : ["", ...kept]),
    ...accountNotes(unknownAccounts).flatMap((note) => ["", note]),
  ];
}

function createdText({
  code,
  rooms,
}: Pick<OperationResult<"case.new">, "code" | "rooms">): readonly string[] {
  return [
    `Created: ${code}`,
    "",
    ...rooms.map(({ kind, section }) => `  ${code} · ${section ?? kind}`),
    "",
    "The rooms are made and the people invited as soon as the bots run: rogatory case list shows how far they are.",
  ];
}

function appliedText(applied: OperationResult<"case.apply">): readonly string[] {
  const { code, created, added, kept } = applied;
  if (created) return createdText(applied);
  return [
    added.people + added.rooms + added.settings.length === 0
      ? `${code} exists already with all people and rooms of the file: nothing was added.`
      : `${code} exists already. Added: ${[`${added.people} people`, `${added.rooms} rooms`, ...added.settings].join(", ")}.`,
    ...kept,
  ];
}
