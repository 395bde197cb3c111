import { type RoomTemplate, roomTemplate } from "../../config/room-template.ts";
import { listCaseRooms } from "../../db/repositories/cases.ts";
import { admitToRoom, barFromRoom, readPairs } from "../../db/repositories/members.ts";
import { enqueueStep, type Step } from "../../db/repositories/outbox.ts";
import type { BotAccounts } from "../../domain/case/bots.ts";
import type { Case, CaseRoom } from "../../domain/case/case.ts";
import type { PersonProfile } from "../../domain/case/person.ts";
import { hasSeat, type StatePair } from "../../domain/case/seats.ts";
import type { LocalWay } from "../../domain/case/ways.ts";
import type { UserId } from "../../domain/ids.ts";
import type { CaseWork } from "../work.ts";
import { enteringStep, waysOf } from "./entering.ts";

/** What the registrar's services need beside the work itself. */
export interface Registry {
  readonly case: Case;
  readonly bots: BotAccounts;
  /** How people of the own homeserver come in; invited room by room if left out. */
  readonly localPeople?: LocalWay | undefined;
  /** Names the wish: the same cause again makes no second step. */
  readonly cause: string;
}

type RoomTemplateEntry = RoomTemplate["rooms"][number];

/** A room of a case with the rules for who sits in it. */
export interface CaseSeats {
  readonly room: CaseRoom;
  readonly entry: RoomTemplateEntry;
  readonly pair: StatePair | undefined;
  /** Neutral, as the homeserver sees it. */
  readonly name: string;
}

/** All rooms of a case, those of two States included: not every reader may be told of each. */
export async function seatsOfCase(work: CaseWork, of: Case): Promise<readonly CaseSeats[]> {
  const entries = roomTemplate(of.template).rooms;
  const pairs = await readPairs(work.db, work.seal, work.caseId);
  const rooms = await listCaseRooms(work.db, work.caseId);
  return rooms.flatMap((room) => {
    const entry = entries.find(({ kind }) => kind === room.kind);
    if (entry === undefined) return [];
    const name = neutralName(of.code, room.label ?? room.section ?? entry.name);
    return [{ room, entry, pair: pairs.get(room.id), name }];
  });
}

/** The homeserver reads the names of rooms: a code, and nothing that the case is about. */
export function neutralName(code: string, label: string): string {
  return `${code} · ${label}`;
}

export function sits({ entry, pair }: CaseSeats, profile: PersonProfile): boolean {
  return hasSeat({ roles: entry.roles, pair }, profile);
}

/**
 * Gives a person the seats of a new profile and takes those that it does not have: powers and
 * invitations for the one, bars and removal for the other. A bar holds from the commit on, before the
 * homeserver has heard of it.
 *
 * @param after undefined for somebody who leaves the case
 */
export async function changeSeats(
  work: CaseWork,
  registry: Registry,
  userId: UserId,
  before: PersonProfile | undefined,
  after: PersonProfile | undefined,
): Promise<readonly CaseSeats[]> {
  const seats = await seatsOfCase(work, registry.case);
  const present = await roomsOf(work, userId);
  const ways = waysOf(registry.bots, registry.localPeople);
  const powerOf = (profile: PersonProfile | undefined) =>
    profile === undefined
      ? 0
      : (roomTemplate(registry.case.template).roles[profile.role]?.power ?? 0);
  for (const seat of seats) {
    const { room } = seat;
    const was = before !== undefined && sits(seat, before);
    const is = after !== undefined && sits(seat, after);
    const power = { before: was ? powerOf(before) : 0, after: is ? powerOf(after) : 0 };
    if (is) await admitToRoom(work.db, room.id, userId);
    else if (before !== undefined) await barFromRoom(work.db, room.id, userId);
    if (power.before !== power.after) {
      await enqueueMemberStep(work, registry, room, {
        kind: "set-power",
        room: { caseRoomId: room.id },
        userId,
        power: power.after,
      });
    }
    const entering = is && !was ? enteringStep(room, userId, ways) : undefined;
    if (entering !== undefined) await enqueueMemberStep(work, registry, room, entering);
    if (!is && (was || (room.roomId !== undefined && present.has(room.roomId)))) {
      await enqueueMemberStep(work, registry, room, kickFrom(room, userId));
    }
  }
  return seats.filter((seat) => after !== undefined && sits(seat, after));
}

type MemberStep = Extract<Step, { kind: "invite" | "bring-in" | "kick" | "set-power" }>;

export function inviteTo(room: CaseRoom, userId: UserId): MemberStep {
  return { kind: "invite", room: { caseRoomId: room.id }, userId };
}

export function kickFrom(room: CaseRoom, userId: UserId): MemberStep {
  return { kind: "kick", room: { caseRoomId: room.id }, userId };
}

/**
 * Each person's coming and going stands in lanes of its own, so that a homeserver that does not answer
 * holds up nobody else's; powers of one room are changed one after the other.
 */
export async function enqueueMemberStep(
  { db, seal, now, caseId }: Pick<CaseWork, "db" | "seal" | "now" | "caseId">,
  { bots, cause }: Pick<Registry, "bots" | "cause">,
  room: CaseRoom,
  step: MemberStep,
): Promise<void> {
  const place = `${room.id}:${step.userId}`;
  // A homeserver that lets us wait must not take up the sender with every room.
  const coming = `people:${caseId}:${step.userId}`;
  const lanes = {
    ...{ "set-power": `power:${room.id}`, kick: `kick:${place}` },
    ...{ invite: coming, "bring-in": coming },
  } as const;
  await enqueueStep(db, seal, now, {
    account: bots.registrar,
    lane: lanes[step.kind],
    caseId,
    step,
    cause,
    slot: `${step.kind}-${place}`,
  });
}

/** Rooms in which the homeserver has the person, whoever let them in. */
async function roomsOf({ db }: CaseWork, userId: UserId): Promise<ReadonlySet<string>> {
  const rows = await db
    .selectFrom("room_member")
    .select("room_id")
    .where("user_id", "=", userId)
    .where("membership", "in", ["join", "invite", "knock"])
    .execute();
  return new Set(rows.map((row) => row.room_id));
}
