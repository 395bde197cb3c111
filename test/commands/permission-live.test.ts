import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recognise } from "../../src/commands/dispatch.ts";
import { loadCommands } from "../../src/commands/registry.ts";
import { findCaseByName, findPerson } from "../../src/db/repositories/cases.ts";
import { updateProfile } from "../../src/db/repositories/members.ts";
import type { Person } from "../../src/dev/people/person.ts";
import { Capability } from "../../src/domain/case/capability.ts";
import type { RoomId } from "../../src/domain/ids.ts";
import { type LiveCase, openLiveCase } from "../support/live-case.ts";

const patience = 60_000;
const denied = /^Your role in this case does not include this command\./;

const workshop = `
template: focus-group
state: open
name: STORK
timeZone: Europe/Brussels
reportTemplate: focus-group
meeting:
  ordinal: 6
  title: Focus Group
  organisation: EUROJUST
  from: 2027-10-07
  to: 2027-10-08
  place: The Hague
roster:
  - { localpart: leader, function: Co-chair, body: Eurojust, role: co-chair }
  - { localpart: guest, function: Guest, state: NL, role: observer }
`;

/** For each capability what somebody types who has it, in the JIT or in the workshop, and the answer. */
const lines: Readonly<Record<Capability, readonly [room: "jit" | "workshop", string, RegExp]>> = {
  "help.read": ["jit", "!help", /Commands you can use/],
  "meeting.schedule": ["jit", "!meeting schedule tomorrow 10:00 First meeting", /M-001/],
  "meeting.read": ["jit", "!meeting list", /M-001/],
  "action.add": ["jit", "!action add @leader book a room by Friday", /A-001/],
  "action.read": ["jit", "!action list", /A-001/],
  "action.complete": ["jit", "!action done A-001", /A-001/],
  "request.create": ["jit", "!request new EIO to NL: hotel registers", /EIO-001/],
  "request.read": ["jit", "!request list", /EIO-001/],
  "member.read": ["jit", "!member list", /Prosecutor/],
  "member.manage": ["jit", "!member role @guest observer", /is now Observer/],
  "case.read": ["jit", "!case status", /State: in negotiation/],
  "case.manage": ["jit", "!case state", /!case state signed/],
  "takeaway.record": ["workshop", "!t #para end Nothing yet.", /T-001/],
  "takeaway.list": ["workshop", "!takeaway list all", /T-001/],
  "report.draft": ["workshop", "!report draft", /draft/i],
};

let live: LiveCase;
let leader: Person;
let guest: Person;
const rooms = new Map<string, RoomId>();

beforeAll(async () => {
  live = await openLiveCase(undefined, [
    "{ localpart: guest, function: Guest, state: NL, role: observer }",
  ]);
  const codes: string[] = [];
  codes.push((await live.ask["case.list"]({}))[0]?.code ?? "");
  const made = { yaml: workshop, fileName: "stork.yaml", cause: "stork" };
  codes.push((await live.ask["case.new"](made)).code);
  leader = await live.person("leader");
  guest = await live.person("guest");
  // Bots and both people, so that everybody's client gives its keys to everybody.
  const names = [`${codes[0]} · coordination`, `${codes[1]} · plenary`];
  for (const [index, name] of names.entries()) {
    for (const person of [leader, guest]) {
      const { roomId } = await person.roomByName(name, { members: 4, timeout: patience });
      rooms.set(index === 0 ? "jit" : "workshop", roomId);
    }
  }
}, 300_000);
afterAll(() => live.close());

/** Takes every capability from the guest: a role that the template does not have may do nothing. */
async function takeRole(caseName: string): Promise<void> {
  const open = await findCaseByName(live.db, live.vault, caseName);
  if (open === undefined) throw new Error("no case");
  const person = await findPerson(live.db, open.seal, open.case.id, guest.userId);
  if (person === undefined) throw new Error("no guest");
  const profile = { ...person.profile, role: "guest" };
  await live.db
    .transaction()
    .execute((transaction) => updateProfile(transaction, open.seal, person.id, profile));
}

async function ask(person: Person, capability: Capability): Promise<string> {
  const [room, text] = lines[capability];
  const roomId = rooms.get(room);
  if (roomId === undefined) throw new Error(`no room ${room}`);
  return (await person.replyTo(await person.say(roomId, text), patience)).body;
}

describe("on a real homeserver, of every capability", () => {
  it("one command stands in the table", async () => {
    const commands = await loadCommands();
    for (const capability of Capability.options) {
      const addressed = recognise(commands, lines[capability][1]);
      expect(addressed).toMatchObject({ kind: "command", command: { capability } });
    }
  });

  it("a command is refused to somebody in the room whose role does not include it", async () => {
    await takeRole("HERON");
    await takeRole("STORK");
    const answers: [Capability, string][] = [];
    for (const capability of Capability.options) {
      answers.push([capability, await ask(guest, capability)]);
    }
    for (const [capability, answer] of answers) expect(answer, capability).toMatch(denied);
    const tables = ["meeting", "action_item", "request", "takeaway"] as const;
    for (const table of tables) {
      expect(await live.db.selectFrom(table).selectAll().execute(), table).toEqual([]);
    }
  }, 120_000);

  it("the same command is done for somebody whose role includes it", async () => {
    for (const capability of Capability.options) {
      expect(await ask(leader, capability), capability).toMatch(lines[capability][2]);
    }
  }, 120_000);
});
