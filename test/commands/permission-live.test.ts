import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recognise } from "../../src/commands/dispatch.ts";
import { loadCommands } from "../../src/commands/registry.ts";
import { findCaseByName, findPerson } from "../../src/db/repositories/cases.ts";
import { updateProfile } from "../../src/db/repositories/members.ts";
import type { Person } from "../../src/dev/people/person.ts";
import { Capability } from "../../src/domain/case/capability.ts";
import type { RoomId } from "../../src/domain/ids.ts";
import { type LiveCase, openLiveCase, type Place, places } from "../support/live-case.ts";

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
  - { localpart: chief, function: Co-chair, body: EU ATC, role: co-chair }
  - { localpart: visitor, function: Guest, state: RS, role: observer }
`;

/** Who has every capability, and who has none, by where they live. */
const peopleAt = {
  near: { leader: "leader", guest: "guest" },
  far: { leader: "chief", guest: "visitor" },
} as const;

type Line = readonly [room: "jit" | "workshop", text: string, answer: RegExp];

/** For each capability what somebody types who has it, in the JIT or in the workshop, and the answer. */
function lines(place: Place): Readonly<Record<Capability, Line>> {
  const { leader, guest } = peopleAt[place];
  // Those who are near make the first of everything.
  const n = `00${places.indexOf(place) + 1}`;
  return {
    "help.read": ["jit", "!help", /Commands you can use/],
    "meeting.schedule": ["jit", "!meeting schedule tomorrow 10:00 Meeting", RegExp(`M-${n}`)],
    "meeting.read": ["jit", "!meeting list", RegExp(`M-${n}`)],
    "action.add": ["jit", `!action add @${leader} book a room by Friday`, RegExp(`A-${n}`)],
    "action.read": ["jit", "!action list", RegExp(`A-${n}`)],
    "action.complete": ["jit", `!action done A-${n}`, RegExp(`A-${n}`)],
    "request.create": ["jit", "!request new EIO to NL: hotel registers", RegExp(`EIO-${n}`)],
    "request.read": ["jit", "!request list", RegExp(`EIO-${n}`)],
    "member.read": ["jit", "!member list", /Prosecutor/],
    "member.manage": ["jit", `!member role @${guest} observer`, /is now Observer/],
    "case.read": ["jit", "!case status", /State: in negotiation/],
    "case.manage": ["jit", "!case state", /!case state signed/],
    "takeaway.record": ["workshop", "!t #para end Nothing yet.", RegExp(`T-${n}`)],
    "takeaway.list": ["workshop", "!takeaway list all", RegExp(`T-${n}`)],
    "report.draft": ["workshop", "!report draft", /draft/i],
  };
}

let live: LiveCase;
const people = new Map<string, Person>();
const rooms = new Map<string, RoomId>();

beforeAll(async () => {
  live = await openLiveCase({
    others: [
      "{ localpart: guest, function: Guest, state: NL, role: observer }",
      "{ localpart: chief, function: Prosecutor, state: LU, role: leader }",
      "{ localpart: visitor, function: Guest, state: RS, role: observer }",
    ],
    far: Object.values(peopleAt.far),
  });
  const codes = [(await live.ask["case.list"]({}))[0]?.code ?? "", await live.openCase(workshop)];
  for (const place of places) {
    for (const name of Object.values(peopleAt[place])) people.set(name, await live.person(name));
  }
  // Bots and everybody, so that everybody's client gives its keys to everybody.
  const names = [`${codes[0]} · coordination`, `${codes[1]} · plenary`];
  for (const [index, name] of names.entries()) {
    for (const place of places) {
      const members = place === "near" ? 6 : undefined;
      for (const localpart of Object.values(peopleAt[place])) {
        const room = await named(localpart).roomByName(name, { members, timeout: patience });
        rooms.set(index === 0 ? "jit" : "workshop", room.roomId);
      }
    }
  }
}, 300_000);
afterAll(() => live.close());

function named(localpart: string): Person {
  const person = people.get(localpart);
  if (person === undefined) throw new Error(`no person ${localpart}`);
  return person;
}

/** Takes every capability from somebody: a role that the template does not have may do nothing. */
async function takeRole(caseName: string, localpart: string): Promise<void> {
  const open = await findCaseByName(live.db, live.vault, caseName);
  if (open === undefined) throw new Error("no case");
  const userId = live.userIdOf(localpart);
  const person = await findPerson(live.db, open.seal, open.case.id, userId);
  if (person === undefined) throw new Error(`no person ${userId}`);
  const profile = { ...person.profile, role: "guest" };
  await live.db
    .transaction()
    .execute((transaction) => updateProfile(transaction, open.seal, person.id, profile));
}

async function ask(localpart: string, [room, text]: Line): Promise<string> {
  const roomId = rooms.get(room);
  if (roomId === undefined) throw new Error(`no room ${room}`);
  const person = named(localpart);
  return (await person.replyTo(await person.say(roomId, text), patience)).body;
}

describe("on a real homeserver, of every capability", () => {
  it("one command stands in the table", async () => {
    const commands = await loadCommands();
    for (const capability of Capability.options) {
      const addressed = recognise(commands, lines("near")[capability][1]);
      expect(addressed).toMatchObject({ kind: "command", command: { capability } });
    }
  });

  it.each(places)(
    "a command is refused to somebody in the room whose role does not include it (%s)",
    {
      timeout: 120_000,
    },
    async (place) => {
      const { guest } = peopleAt[place];
      await takeRole("HERON", guest);
      await takeRole("STORK", guest);
      const answers: [Capability, string][] = [];
      for (const capability of Capability.options) {
        answers.push([capability, await ask(guest, lines(place)[capability])]);
      }
      for (const [capability, answer] of answers) expect(answer, capability).toMatch(denied);
      const tables = ["meeting", "action_item", "request", "takeaway"] as const;
      for (const table of tables) {
        expect(await live.db.selectFrom(table).selectAll().execute(), table).toEqual([]);
      }
    },
  );

  it.each(places)(
    "the same command is done for somebody whose role includes it (%s)",
    {
      timeout: 120_000,
    },
    async (place) => {
      for (const capability of Capability.options) {
        const line = lines(place)[capability];
        expect(await ask(peopleAt[place].leader, line), capability).toMatch(line[2]);
      }
    },
  );
});
