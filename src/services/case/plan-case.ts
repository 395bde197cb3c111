import { isDeepStrictEqual } from "node:util";
import { retentionClasses } from "../../config/retention.ts";
import { roomTemplate } from "../../config/room-template.ts";
import {
  findCaseByName,
  listCaseRooms,
  listPeople,
  type OpenCase,
} from "../../db/repositories/cases.ts";
import { listRemoved } from "../../db/repositories/members.ts";
import { findShredding } from "../../db/repositories/shreddings.ts";
import type { BotAccounts } from "../../domain/case/bots.ts";
import type { CaseFile, PlannedPerson } from "../../domain/case/case-file.ts";
import { stateNameOf } from "../../domain/case/life.ts";
import { type LocalWay, type Way, wayOf } from "../../domain/case/ways.ts";
import { RogatoryError } from "../../domain/errors.ts";
import type { UserId } from "../../domain/ids.ts";
import { logAct } from "../acts.ts";
import { waysOf } from "../member/entering.ts";
import type { Actor, Work } from "../work.ts";
import { type PlannedRoom, planRooms } from "./plan-rooms.ts";

export interface PlanRequest {
  readonly file: CaseFile;
  readonly bots: BotAccounts;
  readonly localPeople?: LocalWay | undefined;
}

/** What carrying out a case file does, and what is there already. */
export interface CasePlan {
  readonly name: string;
  /** Title of the room template. */
  readonly kind: string;
  /** Of the case of this name, if there is one. */
  readonly code: string | undefined;
  readonly rooms: readonly RoomPlanned[];
  readonly people: readonly PersonPlanned[];
  /** Sentences about what differs from the file and is left as it is. */
  readonly kept: readonly string[];
}

export interface RoomPlanned {
  /** Neutral, as the homeserver sees it. */
  readonly name: string;
  readonly exists: boolean;
  /** Who joins it: by invitation only, or every member of the space by themselves. */
  readonly joinRule: "invite" | "restricted";
  readonly bots: readonly UserId[];
  /** Of the file. */
  readonly people: readonly UserId[];
}

export interface PersonPlanned {
  readonly userId: UserId;
  readonly function: string;
  readonly affiliation: string | undefined;
  readonly role: string;
  readonly power: number;
  readonly way: Way;
  readonly rooms: readonly string[];
  readonly exists: boolean;
}

const reportFields = ["meeting", "reportTemplate"] as const;
type ReportField = (typeof reportFields)[number];

/** What is to be done for a file, in terms of the database. */
export interface CaseDifference {
  /** The case of this name, which is what makes it the same case. */
  readonly open: OpenCase | undefined;
  /** All rooms that the file wants, with who of the file belongs into them. */
  readonly wanted: readonly PlannedRoom[];
  readonly missingRooms: readonly PlannedRoom[];
  readonly newPeople: readonly PlannedPerson[];
  /** What the outcome report needs and the case has not. */
  readonly newFields: readonly ReportField[];
  readonly kept: readonly string[];
}

/** The plan of a case file. Nothing is changed; of a case that exists it tells a little, and so it is logged. */
export async function planCaseFile(
  work: Work,
  request: PlanRequest & { readonly actor: Actor },
): Promise<CasePlan> {
  const { file, bots, localPeople, actor } = request;
  const { open, wanted, missingRooms, newPeople, kept } = await compare(work, request);
  if (open !== undefined) {
    requireReason(actor);
    const details = actor.kind === "operator" ? { reason: actor.reason } : {};
    await logAct({ ...work, caseId: open.case.id, seal: open.seal, actor }, "case.plan", details);
  }
  const template = roomTemplate(file.template);
  const ways = waysOf(bots, localPeople);
  return {
    name: file.profile.name,
    kind: template.title,
    code: open?.case.code,
    rooms: wanted.map((room) => ({
      name: room.name,
      exists: !missingRooms.includes(room),
      joinRule: room.restricted ? "restricted" : "invite",
      bots: [bots.registrar, ...room.bots],
      people: room.people.map(({ userId }) => userId),
    })),
    people: file.people.map((person) => ({
      userId: person.userId,
      function: person.profile.function,
      affiliation: person.profile.state ?? person.profile.body,
      role: person.profile.role,
      power: template.roles[person.profile.role]?.power ?? 0,
      way: wayOf(person.userId, ways),
      rooms: wanted.filter((room) => room.people.includes(person)).map(({ name }) => name),
      exists: open !== undefined && !newPeople.includes(person),
    })),
    kept,
  };
}

/**
 * What a file differs in from a case says who is in it, and that its real name is right.
 *
 * @throws RogatoryError `case.reason` for an operator who says none
 */
export function requireReason(actor: Actor): void {
  if (actor.kind !== "operator" || actor.reason !== "") return;
  throw new RogatoryError(
    "case.reason",
    'A file for a case that exists shows what that case is about: say why with --reason "...", which goes to its log.',
  );
}

/**
 * Compares a file with the case of the same name.
 *
 * @throws RogatoryError `case.other-template`
 */
export async function compare(
  { db, vault }: Work,
  { file, bots }: PlanRequest,
): Promise<CaseDifference> {
  const template = roomTemplate(file.template);
  const open = await findCaseByName(db, vault, file.profile.name);
  const code = open?.case.code ?? `${template.codePrefix}-????`;
  const areRoomsGone = open !== undefined && (await wereRoomsDestroyed({ db, vault }, open));
  const wanted = areRoomsGone ? [] : planRooms(code, file, template, bots);
  if (open === undefined) {
    return { open, wanted, missingRooms: wanted, newPeople: file.people, newFields: [], kept: [] };
  }
  if (open.case.template !== file.template) {
    throw new RogatoryError(
      "case.other-template",
      `${code} has this name already, and was made from the template ${open.case.template}: a case keeps its template. Give the new one another name.`,
    );
  }
  const rooms = await listCaseRooms(db, open.case.id);
  const roster = await listPeople(db, open.seal, open.case.id);
  const removed = new Set(await listRemoved(db, open.case.id));
  const known = new Map(roster.map(({ userId, profile }) => [userId, profile]));
  return {
    open,
    wanted,
    missingRooms: wanted.filter(
      ({ kind, section }) => !rooms.some((room) => room.kind === kind && room.section === section),
    ),
    newPeople: file.people.filter(({ userId }) => !known.has(userId) && !removed.has(userId)),
    newFields: reportFields.filter(
      (key) => open.case.profile[key] === undefined && file.profile[key] !== undefined,
    ),
    kept: [
      ...(areRoomsGone
        ? ["Its rooms were destroyed when their retention time was over: none is made again."]
        : []),
      ...file.people.flatMap(({ userId, profile }) => {
        if (removed.has(userId)) {
          return [
            `${userId} was removed from the case and stays out: !member add brings them back.`,
          ];
        }
        const before = known.get(userId);
        if (before === undefined || isDeepStrictEqual(before, profile)) return [];
        return before.role === profile.role
          ? [
              `${userId} stands on the roster with other details, which stay: !member change corrects function, languages and time zone.`,
            ]
          : [`${userId} has the role ${before.role}, and keeps it: !member role changes it.`];
      }),
      ...missingFromFile(
        roster.map(({ userId }) => userId),
        file,
      ),
      ...changedProfile(open, file),
      ...changedState(open, file),
    ],
  };
}

async function wereRoomsDestroyed(
  { db, vault }: Pick<Work, "db" | "vault">,
  { case: { id } }: OpenCase,
): Promise<boolean> {
  const record = await findShredding(db, vault, id);
  const classes = retentionClasses();
  return (record?.classes ?? []).some(({ name }) => classes[name]?.contents.includes("rooms"));
}

function missingFromFile(roster: readonly UserId[], { people }: CaseFile): readonly string[] {
  const inFile = new Set(people.map(({ userId }) => userId));
  const others = roster.filter((userId) => !inFile.has(userId)).length;
  if (others === 0) return [];
  return [
    `${others === 1 ? "One person" : `${others} people`} on the roster ${others === 1 ? "is" : "are"} not in the file, and ${others === 1 ? "stays" : "stay"}: !member remove takes somebody out.`,
  ];
}

function changedState(
  { case: { code, template, state } }: OpenCase,
  { state: wanted }: CaseFile,
): readonly string[] {
  const present = stateNameOf(roomTemplate(template).life, state);
  if (wanted === undefined || wanted === present) return [];
  return [
    `The state is ${present}, not ${wanted} as in the file, and stays as it is: rogatory case state --case ${code} changes it.`,
  ];
}

/** Sections of the agenda are added, and what a report needs; what else a case is keeps what it was made with. */
function changedProfile({ case: { profile } }: OpenCase, file: CaseFile): readonly string[] {
  const { agenda, ...before } = profile;
  const { agenda: wanted, ...after } = file.profile;
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (key) =>
      key !== "name" &&
      !(reportFields.some((field) => field === key) && Reflect.get(before, key) === undefined) &&
      !isDeepStrictEqual(Reflect.get(before, key), Reflect.get(after, key)),
  );
  const sections = agenda.filter((entry) =>
    wanted.some((other) => other.code === entry.code && !isDeepStrictEqual(other, entry)),
  );
  return [
    ...changed.map((key) => `${key} differs from the file, and stays as it is.`),
    ...sections.map(({ code }) => `The section ${code} differs from the file, and stays as it is.`),
  ];
}
