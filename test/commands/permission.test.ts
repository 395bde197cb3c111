import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadCommands } from "../../src/commands/registry.ts";
import { configDirectory } from "../../src/config/paths.ts";
import { roomTemplate } from "../../src/config/room-template.ts";
import { type CaseHarness, openCaseHarness } from "../support/case-harness.ts";

/**
 * Who may type what, said once more and independently of the room templates: a capability that a role
 * gets or loses by accident fails here. A new command has to be added to every table.
 *
 * The columns of each table are the roles in their order; `x` may, `-` may not.
 */
const tables: Readonly<
  Record<
    string,
    { readonly roles: readonly string[]; readonly may: Readonly<Record<string, string>> }
  >
> = {
  jit: {
    // A National Desk organises and sees all, and decides nothing; Europol and OLAF complete what they
    // were asked for, and see no request unless a State shows it; observers see no request.
    roles: ["space-administrator", "leader", "national-desk", "member", "participant", "observer"],
    may: {
      "action add": "xxxx--",
      "action done": "xxxxx-",
      "action list": "xxxxxx",
      "case agreement": "xxxxxx",
      "case agreement extend": "xx----",
      "case agreement set": "xx----",
      "case bilateral": "xx----",
      "case close": "xx----",
      "case confirm": "xx----",
      "case state": "xx----",
      "case status": "xxxxxx",
      help: "xxxxxx",
      "meeting list": "xxxxxx",
      "meeting schedule": "xxx---",
      "meeting show": "xxxxxx",
      "member add": "xx----",
      "member change": "xx----",
      "member confirm": "xx----",
      "member list": "xxxxxx",
      "member remove": "xx----",
      "member role": "xx----",
      "member share": "xx----",
      "report draft": "------",
      "request list": "xxxx--",
      "request new": "xxxx--",
      "request show": "xxxx--",
      takeaway: "------",
      "takeaway list": "------",
    },
  },
  "focus-group": {
    // There are no requests in a workshop. Co-chairs decide, rapporteurs record, the others read.
    roles: ["co-chair", "rapporteur", "participant", "observer"],
    may: {
      "action add": "xx--",
      "action done": "xx--",
      "action list": "xxx-",
      "case agreement": "xxxx",
      "case agreement extend": "x---",
      "case agreement set": "x---",
      "case bilateral": "x---",
      "case close": "x---",
      "case confirm": "x---",
      "case state": "x---",
      "case status": "xxxx",
      help: "xxxx",
      "meeting list": "xxxx",
      "meeting schedule": "x---",
      "meeting show": "xxxx",
      "member add": "x---",
      "member change": "x---",
      "member confirm": "x---",
      "member list": "xxxx",
      "member remove": "x---",
      "member role": "x---",
      "member share": "x---",
      "report draft": "xx--",
      "request list": "----",
      "request new": "----",
      "request show": "----",
      takeaway: "xx--",
      "takeaway list": "xx--",
    },
  },
};

const templates = readdirSync(join(configDirectory(), "rooms")).map((name) => name.slice(0, -5));
const denied = /^Your role in this case does not include this command\./;

it("has a table for every room template", () => {
  expect(Object.keys(tables).sort()).toEqual(templates.toSorted());
});

describe.each(Object.entries(tables))("the roles of %s", (name, { roles, may }) => {
  let harness: CaseHarness;
  const room = name === "jit" ? "coordination" : "plenary";

  beforeAll(async () => {
    harness = await openCaseHarness({
      template: name,
      profile: {
        name: "HERON",
        timeZone: "Europe/Brussels",
        ...(name === "jit" ? {} : { reportTemplate: "focus-group" }),
      },
      people: roles.map((role) => ({
        localpart: role,
        function: role,
        state: "BE",
        role,
        timeZone: "Europe/Brussels",
      })),
      now: "2026-12-01T08:00:00Z",
    });
  });
  afterAll(() => harness.close());

  it("are the ones of the table, and each command has a row", async () => {
    expect(Object.keys(roomTemplate(name).roles)).toEqual(roles);
    expect(Object.keys(may).sort()).toEqual((await loadCommands()).map((one) => one.name).sort());
    for (const row of Object.values(may)) expect(row).toMatch(/^[x-]+$/);
    for (const row of Object.values(may)) expect(row).toHaveLength(roles.length);
  });

  it.each(roles.map((role, column) => ({ role, column })))(
    "let a $role do what the table says and nothing else",
    async ({ role, column }) => {
      const expected = Object.entries(may).map(([command, row]) => [command, row[column] === "x"]);
      const found: (readonly [string, boolean])[] = [];
      for (const command of await loadCommands()) {
        const answer = await harness.ask(role, room, `!${command.examples[0] ?? command.name}`);
        expect(answer, command.name).not.toContain("Something went wrong on our side");
        found.push([command.name, !denied.test(answer)]);
      }
      expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
    },
  );

  it("are shown in the help what they may type, and no more", async () => {
    for (const [column, role] of roles.entries()) {
      const help = await harness.ask(role, room, "!help");
      for (const command of await loadCommands()) {
        const line = ` ${command.usage} — ${command.summary}`;
        const shown = help.split("\n").some((text) => text.endsWith(line.trim()));
        expect(shown, `${role} ${command.name}`).toBe(may[command.name]?.[column] === "x");
      }
    }
  });
});
