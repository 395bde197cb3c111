import { roomTemplate } from "../../config/room-template.ts";
import { findCase, listCaseRooms, listPeople } from "../../db/repositories/cases.ts";
import { stateNameOf } from "../../domain/case/life.ts";
import { RogatoryError } from "../../domain/errors.ts";
import type { RoomId, UserId } from "../../domain/ids.ts";
import { logAct } from "../acts.ts";
import type { CaseWork } from "../work.ts";

export interface ShownCase {
  readonly code: string;
  readonly name: string;
  readonly template: string;
  /** As the template names it. */
  readonly state: string;
  readonly timeZone: string;
  readonly rooms: readonly ShownRoom[];
  readonly people: readonly ShownPerson[];
  /** Steps on the homeserver that are still to be done, and those that were given up. */
  readonly steps: { readonly pending: number; readonly dead: number };
}

export interface ShownRoom {
  readonly kind: string;
  readonly section: string | undefined;
  readonly roomId: RoomId | undefined;
  readonly encrypted: boolean;
  readonly joined: number;
  readonly invited: number;
}

export interface ShownPerson {
  readonly userId: UserId;
  readonly function: string;
  readonly affiliation: string | undefined;
  readonly role: string;
  readonly timeZone: string;
  /** In how many of the case's rooms the person is. */
  readonly joined: number;
}

/** Everything about a case's rooms and people. It is a consultation, and logged as one (LED 25). */
export async function showCase(work: CaseWork): Promise<ShownCase> {
  const { db, vault, seal, caseId, actor } = work;
  const open = await findCase(db, vault, caseId);
  if (open === undefined) throw new RogatoryError("case.unknown", "There is no such case.");
  const rooms = await listCaseRooms(db, caseId);
  const known = rooms.flatMap(({ roomId }) => (roomId === undefined ? [] : [roomId]));
  const members =
    known.length === 0
      ? []
      : await db.selectFrom("room_member").selectAll().where("room_id", "in", known).execute();
  const encrypted =
    known.length === 0
      ? []
      : await db
          .selectFrom("room")
          .select("room_id")
          .where("room_id", "in", known)
          .where("encryption", "is not", null)
          .execute();
  await logAct(work, "case.show", actor.kind === "operator" ? { reason: actor.reason } : {});
  const { code, template, profile, state } = open.case;
  return {
    code,
    name: profile.name,
    template,
    state: stateNameOf(roomTemplate(template).life, state),
    timeZone: profile.timeZone,
    rooms: rooms.map(({ kind, section, roomId }) => {
      const here = members.filter((member) => member.room_id === roomId);
      return {
        kind,
        section,
        roomId,
        encrypted: encrypted.some((room) => room.room_id === roomId),
        joined: here.filter(({ membership }) => membership === "join").length,
        invited: here.filter(({ membership }) => membership === "invite").length,
      };
    }),
    people: (await listPeople(db, seal, caseId)).map(({ userId, profile: person }) => ({
      userId,
      function: person.function,
      affiliation: person.state ?? person.body,
      role: person.role,
      timeZone: person.timeZone,
      joined: members.filter((member) => member.user_id === userId && member.membership === "join")
        .length,
    })),
    steps: await countSteps(work),
  };
}

async function countSteps({ db, caseId }: CaseWork): Promise<{ pending: number; dead: number }> {
  const rows = await db
    .selectFrom("outbox")
    .select(({ fn }) => ["state", fn.countAll<number>().as("count")])
    .where("case_id", "=", caseId)
    .groupBy("state")
    .execute();
  const count = (state: string) => rows.find((row) => row.state === state)?.count ?? 0;
  return { pending: count("pending"), dead: count("dead") };
}
