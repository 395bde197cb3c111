import { capabilitiesOf, roomTemplate } from "../../config/room-template.ts";
import { findPerson } from "../../db/repositories/cases.ts";
import { membershipOf } from "../../db/repositories/rooms.ts";
import type { ActionItem } from "../../domain/action/action.ts";
import { formatActionNumber } from "../../domain/action/action.ts";
import { describePerson, type Person } from "../../domain/case/person.ts";
import { RogatoryError } from "../../domain/errors.ts";
import type { UserId } from "../../domain/ids.ts";
import { formatMeetingNumber, type Meeting } from "../../domain/meeting/meeting.ts";
import { formatRequestNumber, type LegalRequest } from "../../domain/request/request.ts";
import { actionsSeenFrom } from "../action/read-actions.ts";
import { logAct } from "../acts.ts";
import { meetingsSeenFrom } from "../meeting/read-meetings.ts";
import { requestsSeenFrom } from "../request/read-requests.ts";
import type { Place } from "../visibility.ts";
import type { CaseWork } from "../work.ts";

/** What Rogatory itself knows of a case, as far as a person may see it in a room. */
export interface SharedPast {
  readonly person: Person;
  /** Undefined where the person's role does not read them. */
  readonly meetings: readonly Meeting[] | undefined;
  readonly actions: readonly ActionItem[] | undefined;
  readonly requests: readonly LegalRequest[] | undefined;
}

/**
 * Gives a newcomer what stands in the case's lists, again, in the room where it is asked for: what may
 * be said in that room, to that person's role. What people wrote to each other before stays unreadable
 * to them, for its keys are not given to anybody (docs/operations.md).
 *
 * @throws RogatoryError `member.share-where`, `member.unknown`, `member.share-absent`
 */
export async function sharePast(
  work: CaseWork,
  place: Place,
  userId: UserId,
  saidAt: Temporal.Instant,
): Promise<SharedPast> {
  const { room } = place;
  if (room?.roomId === undefined) {
    throw new RogatoryError(
      "member.share-where",
      "Type this in the room in which it is to be shared: everybody in that room reads it.",
    );
  }
  const person = await findPerson(work.db, work.seal, work.caseId, userId);
  if (person === undefined) {
    throw new RogatoryError("member.unknown", `${userId} is not on the roster: !member list.`);
  }
  if ((await membershipOf(work.db, room.roomId, userId)) !== "join") {
    throw new RogatoryError(
      "member.share-absent",
      `${describePerson(person.profile)} has not joined this room yet, and would not be able to read it.`,
    );
  }
  const may = capabilitiesOf(roomTemplate(place.case.template), person.profile.role);
  const meetings = may.has("meeting.read")
    ? await meetingsSeenFrom(work, place, "upcoming", saidAt)
    : undefined;
  const actions = may.has("action.read") ? await actionsSeenFrom(work, place, "open") : undefined;
  const requests = may.has("request.read") ? await requestsSeenFrom(work, place) : undefined;
  await logAct(work, "member.share", {
    with: userId,
    room: room.roomId,
    meetings: meetings?.map(({ number }) => formatMeetingNumber(number)) ?? [],
    actions: actions?.map(({ number }) => formatActionNumber(number)) ?? [],
    requests: requests?.map(formatRequestNumber) ?? [],
  });
  return { person, meetings, actions, requests };
}
