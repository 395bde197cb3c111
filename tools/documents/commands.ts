import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../../src/commands/command.ts";
import { loadCommands } from "../../src/commands/registry.ts";
import { configDirectory } from "../../src/config/paths.ts";
import { type RoomTemplate, roomTemplate } from "../../src/config/room-template.ts";
import { type CaseState, isAllowed } from "../../src/domain/case/life.ts";
import { code, generatedFrom, page, sentence, table } from "./markdown.ts";

export async function commandsPage(): Promise<string> {
  const commands = await loadCommands();
  const templates = roomTemplates();
  const nouns = [...new Set(commands.map(nounOf))];
  return page(
    "# Commands",
    "",
    generatedFrom("src/commands and config/rooms"),
    "",
    "Commands are typed in a room of the case, beginning with an exclamation mark. `<this>` must be given, `[this]` may be left out. Dates are written day first and read in the writer's own time zone unless another is named. `!help` lists in the room what its reader may use.",
    "",
    'Operators run the same commands without a room, for instance `rogatory meeting list --case JIT-7F3A --reason "…"`; they may use all of them, and the reason stands in the case\'s log.',
    "",
    ...table(
      ["Command", "What it does", "Bot"],
      commands.map(({ usage, summary, bot }) => [code(usage), summary, bot]),
    ),
    "",
    ...nouns.flatMap((noun) => [
      `## ${sentence(noun).slice(0, -1)}`,
      "",
      ...commands
        .filter((command) => nounOf(command) === noun)
        .flatMap((command) => section(command, templates)),
    ]),
    "## Roles",
    "",
    ...[...templates].flatMap(([name, template]) => roles(name, template, commands)),
    "## States",
    "",
    "What a role includes is done unless the state of the case refuses it. Where two leaders decide, the second types `!case confirm`.",
    "",
    ...[...templates].flatMap(([name, template]) => states(name, template, commands)),
  );
}

function roomTemplates(): ReadonlyMap<string, RoomTemplate> {
  const names = readdirSync(join(configDirectory(), "rooms"))
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length))
    .sort();
  return new Map(names.map((name) => [name, roomTemplate(name)]));
}

function nounOf({ name }: Command): string {
  return name.split(" ")[0] ?? name;
}

function section(
  command: Command,
  templates: ReadonlyMap<string, RoomTemplate>,
): readonly string[] {
  return [
    `### !${command.name}`,
    "",
    sentence(command.summary),
    "",
    "```text",
    command.usage,
    "```",
    "",
    ...(command.arguments.length === 0
      ? []
      : [
          ...table(
            ["Argument", "Meaning"],
            command.arguments.map(({ usage, summary }) => [code(usage), summary]),
          ),
          "",
        ]),
    ...(command.examples.length === 0
      ? []
      : ["For example:", "", "```text", ...command.examples.map((line) => `!${line}`), "```", ""]),
    `- Answered by: ${command.bot}`,
    ...(command.aliases.length === 0
      ? []
      : [`- Also: ${command.aliases.map((alias) => code(`!${alias}`)).join(", ")}`]),
    ...[...templates.values()].map((template) => `- ${template.title}: ${who(command, template)}`),
    "",
  ];
}

function who(command: Command, template: RoomTemplate): string {
  const titles = Object.values(template.roles)
    .filter(({ capabilities }) => capabilities.includes(command.capability))
    .map(({ title }) => title);
  if (titles.length === 0) return "nobody";
  return titles.length === Object.keys(template.roles).length ? "everybody" : titles.join(", ");
}

function roles(
  name: string,
  template: RoomTemplate,
  commands: readonly Command[],
): readonly string[] {
  const entries = Object.entries(template.roles);
  return [
    `### ${template.title} (${code(name)})`,
    "",
    ...table(
      ["Command", ...entries.map(([role]) => code(role))],
      commands.map((command) => [
        code(`!${command.name}`),
        ...entries.map(([, { capabilities }]) =>
          capabilities.includes(command.capability) ? "yes" : "–",
        ),
      ]),
    ),
    "",
  ];
}

function states(
  name: string,
  { title, life }: RoomTemplate,
  commands: readonly Command[],
): readonly string[] {
  return [
    `### ${title} (${code(name)})`,
    "",
    ...table(
      ["State", "Next", "Entered by decision of", "Refused"],
      Object.entries(life.states).map(([state, rules]) => [
        code(state),
        rules.next.map(code).join(", ") || "–",
        rules.secondLeader ? "two" : "one",
        refused(rules, commands) || "–",
      ]),
    ),
    "",
  ];
}

function refused(state: CaseState, commands: readonly Command[]): string {
  const names = commands
    .filter(({ capability }) => !isAllowed(state, capability))
    .map((command) => code(`!${command.name}`));
  const { instruments } = state;
  if (instruments === undefined || !isAllowed(state, "request.create")) return names.join(", ");
  const limit =
    "only" in instruments
      ? `requests other than ${instruments.only.join(", ")}`
      : `requests: ${instruments.except.join(", ")}`;
  return [...names, limit].join(", ");
}
