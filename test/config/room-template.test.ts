import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { recognise } from "../../src/commands/dispatch.ts";
import { loadCommands } from "../../src/commands/registry.ts";
import { configDirectory } from "../../src/config/paths.ts";
import { capabilitiesOf, RoomTemplate, roomTemplate } from "../../src/config/room-template.ts";

const names = readdirSync(join(configDirectory(), "rooms")).map((name) => name.slice(0, -5));

describe.each(names)("the room template %s", (name) => {
  const template = roomTemplate(name);

  it("welcomes people in every room that is encrypted, and says the name of the case", () => {
    for (const { kind, welcome } of template.rooms) {
      if (kind === "space") expect(welcome).toBeUndefined();
      else expect(welcome?.text).toContain("{name}");
    }
  });

  it("suggests only commands that exist, to people of whom one may use them", async () => {
    const commands = await loadCommands();
    for (const { roles, welcome } of template.rooms) {
      const present = roles === "all" ? Object.keys(template.roles) : roles;
      for (const line of welcome?.try ?? []) {
        const addressed = recognise(commands, line);
        if (addressed?.kind !== "command") throw new Error(`${line} is no command`);
        const may = present.some((role) =>
          capabilitiesOf(template, role).has(addressed.command.capability),
        );
        expect(may, line).toBe(true);
      }
    }
  });
});

describe("a room template", () => {
  const good = {
    title: "Own",
    codePrefix: "OWN",
    federate: false,
    roles: { member: { title: "Member", power: 0, capabilities: [] } },
    rooms: [{ kind: "space", name: "space", roles: "all", bots: ["registrar"] }],
  };

  it.each([
    [
      "a role with the power to open rooms",
      { roles: { member: { title: "M", power: 100, capabilities: [] } } },
    ],
    [
      "a role that lets people in without being one that manages them",
      { roles: { member: { title: "M", power: 50, capabilities: ["member.read"] } } },
    ],
    ["no space", { rooms: [{ ...good.rooms[0], kind: "room" }] }],
    ["two spaces", { rooms: [good.rooms[0], good.rooms[0]] }],
    [
      "a welcome in the space",
      { rooms: [{ ...good.rooms[0], welcome: { text: "x", try: ["!help"] } }] },
    ],
    ["a room for an unknown role", { rooms: [{ ...good.rooms[0], roles: ["nobody"] }] }],
  ])("is refused with %s", (_, change) => {
    expect(RoomTemplate.safeParse(good).success).toBe(true);
    expect(RoomTemplate.safeParse({ ...good, ...change }).success).toBe(false);
  });
});
