import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { configDirectory } from "../../src/config/paths.ts";
import { RoomTemplate, roomTemplate } from "../../src/config/room-template.ts";

const names = readdirSync(join(configDirectory(), "rooms")).map((name) => name.slice(0, -5));

describe.each(names)("the room template %s", (name) => {
  const template = roomTemplate(name);

  it("welcomes people in every room that is encrypted, and says the name of the case", () => {
    for (const { kind, welcome } of template.rooms) {
      if (kind === "space") expect(welcome).toBeUndefined();
      else expect(welcome?.text).toContain("{name}");
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

  const other = { kind: "other", name: "other", roles: "all", bots: ["clerk", "registrar"] };

  function boardOf(board: readonly string[]) {
    const member = { title: "Member", power: 0, capabilities: ["meeting.read"] };
    return { roles: { member }, rooms: [good.rooms[0], { ...other, board }] };
  }

  function notices(change: object) {
    return { noticesRoom: "other", rooms: [good.rooms[0], { ...other, ...change }] };
  }

  it("may have a board of what all its readers see, and a room for notices", () => {
    for (const change of [boardOf(["meetings"]), notices({ speak: 50 })]) {
      expect(RoomTemplate.safeParse({ ...good, ...change }).success).toBe(true);
    }
  });

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
    ["a board in the space", { rooms: [{ ...good.rooms[0], board: ["meetings"] }] }],
    ["a board whose bot is not in the room", boardOf(["takeaways"])],
    ["a board of two bots", boardOf(["meetings", "takeaways"])],
    ["a board of what a role in the room may not see", boardOf(["meetings", "requests"])],
    ["a room for notices that is not there", { noticesRoom: "notices" }],
    ["a room for notices that some cannot read", notices({ roles: ["member"] })],
    ["a room for notices without the registrar", notices({ bots: ["clerk"] })],
    ["a room for an unknown role", { rooms: [{ ...good.rooms[0], roles: ["nobody"] }] }],
  ])("is refused with %s", (_, change) => {
    expect(RoomTemplate.safeParse(good).success).toBe(true);
    expect(RoomTemplate.safeParse({ ...good, ...change }).success).toBe(false);
  });
});
