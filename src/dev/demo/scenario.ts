import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { packageDirectory } from "../../config/paths.ts";
import { roomTemplate } from "../../config/room-template.ts";

/** One line of a script: who says what in which room. */
export const ScriptStep = z.strictObject({
  /** The local part of a Matrix id of the roster. */
  who: z.string().min(1),
  /** The end of the room's name: `plenary`, `s1`, `coordination`. */
  room: z.string().min(1),
  say: z.string().min(1),
});
export type ScriptStep = z.infer<typeof ScriptStep>;

const Script = z.strictObject({
  /** The present of the scenario, with its zone, if the real one will not do. */
  clock: z
    .string()
    .transform((text) => Temporal.ZonedDateTime.from(text))
    .optional(),
  steps: z.array(ScriptStep).min(1),
});

const CaseFile = z.object({
  template: z.string(),
  name: z.string(),
  timeZone: z.string(),
  meeting: z.object({ title: z.string() }).optional(),
  agenda: z.array(z.object({ code: z.string(), room: z.boolean().default(false) })).default([]),
  roster: z.array(
    z.object({
      localpart: z.string().min(1),
      function: z.string(),
      state: z.string().optional(),
      body: z.string().optional(),
      role: z.string(),
    }),
  ),
});

export interface RosterPerson {
  readonly localpart: string;
  /** Function and State or body: "Federal magistrate (BE)". Never told to the homeserver. */
  readonly description: string;
  readonly role: string;
  /** The rooms that the person will be invited to, as scripts name them; without the space. */
  readonly rooms: readonly string[];
}

export interface Scenario {
  /** The name of its folder in demo/. */
  readonly id: string;
  readonly caseFile: string;
  /** The real name of the case, which no server may learn. */
  readonly caseName: string;
  /** The title of the meeting it is about, if it is about one. */
  readonly meetingTitle: string | undefined;
  readonly timeZone: string;
  readonly clock: Temporal.Instant | undefined;
  readonly people: readonly RosterPerson[];
  /** The encrypted rooms by the names that scripts use, with the number of bots in each. */
  readonly rooms: ReadonlyMap<string, number>;
  /** Rooms in which people speak side by side; in the others they take turns. */
  readonly parallelRooms: ReadonlySet<string>;
  readonly steps: readonly ScriptStep[];
}

/** Reads `demo/<id>/case.yaml` and `script.yaml`. */
export async function loadScenario(id: string): Promise<Scenario> {
  const folder = join(packageDirectory(), "demo", id);
  const caseFile = join(folder, "case.yaml");
  const content = CaseFile.parse(parse(await readFile(caseFile, "utf8")));
  const script = Script.parse(parse(await readFile(join(folder, "script.yaml"), "utf8")));
  const sections = content.agenda.filter(({ room }) => room).map(({ code }) => code);
  const rooms = plannedRooms(content.template, sections);
  const belongs = (role: string) =>
    rooms.filter(({ roles }) => roles === "all" || roles.includes(role)).map(({ name }) => name);
  const people = content.roster.map(({ localpart, role, ...person }) => ({
    ...{ localpart, role, rooms: belongs(role) },
    description: `${person.function} (${person.state ?? person.body ?? role})`,
  }));
  return {
    id,
    caseFile,
    caseName: content.name,
    meetingTitle: content.meeting?.title,
    timeZone: content.timeZone,
    clock: script.clock?.toInstant(),
    people,
    rooms: new Map(rooms.map(({ name, bots }) => [name, bots.length])),
    parallelRooms: new Set(sections),
    steps: script.steps,
  };
}

/** The encrypted rooms of a case, by the names that follow its code. */
function plannedRooms(template: string, sections: readonly string[]) {
  return roomTemplate(template)
    .rooms.filter(({ kind, per }) => kind !== "space" && per !== "pair")
    .flatMap((room) =>
      (room.per === "section" ? sections : [room.name]).map((name) => ({ ...room, name })),
    );
}

/** The same scenario with some of its people in the rooms; the others are only on the roster. */
export function onlyWith(
  scenario: Scenario,
  isPresent: (person: RosterPerson) => boolean,
): Scenario {
  const people = scenario.people.filter(isPresent);
  const present = new Set(people.map(({ localpart }) => localpart));
  return { ...scenario, people, steps: scenario.steps.filter(({ who }) => present.has(who)) };
}

/** How many people and bots will be in a room. */
export function membersOf({ people, rooms }: Scenario, room: string): number {
  return (rooms.get(room) ?? 0) + people.filter((person) => person.rooms.includes(room)).length;
}

/** Whether a line asks a bot for something. */
export function isCommand(step: Pick<ScriptStep, "say">): boolean {
  return /^!\p{L}/u.test(step.say);
}
