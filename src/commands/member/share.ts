import { instrumentCatalogue } from "../../config/instruments.ts";
import { listPeople } from "../../db/repositories/cases.ts";
import {
  answer,
  type Block,
  type Line,
  paragraph,
  strong,
  table,
} from "../../documents/message/outcome.ts";
import { formatActionNumber } from "../../domain/action/action.ts";
import { describePerson } from "../../domain/case/person.ts";
import { findMember } from "../../domain/case/roster.ts";
import { formatMeetingNumber } from "../../domain/meeting/meeting.ts";
import { formatRequestNumber } from "../../domain/request/request.ts";
import { formatPeriodFor } from "../../domain/time/format.ts";
import { sharePast } from "../../services/member/share-past.ts";
import { dueCell } from "../action-view.ts";
import { defineCommand } from "../command.ts";
import { memberName } from "../member-view.ts";
import { addresseeOf, statusLabel } from "../request-view.ts";

export default defineCommand({
  name: "member share",
  bot: "registrar",
  capability: "member.manage",
  summary: "give a newcomer the meetings, actions and requests of this room again",
  examples: ["member share @ro-police:example.org"],
  arguments: { name: memberName },
  async handle(context, { name }) {
    const { work, case: of, answeredIn, sentAt, zone } = context;
    const roster = await listPeople(work.db, work.seal, work.caseId);
    const { userId } = findMember(name, roster);
    const place = { case: of, room: answeredIn };
    const { person, meetings, actions, requests } = await sharePast(work, place, userId, sentAt);
    const today = sentAt.toZonedDateTimeISO(zone).toPlainDate();
    const { statuses } = instrumentCatalogue();
    return answer(
      paragraph(
        "For ",
        strong(describePerson(person.profile)),
        ": what stands in the lists of this case, as far as it may be said here. Messages from before cannot be read by newcomers and are not given to them.",
      ),
      ...part("Meetings to come", meetings, ["Number", "When", "Title"], (meeting) => [
        strong(formatMeetingNumber(meeting.number)),
        formatPeriodFor(zone, meeting.start, meeting.end),
        meeting.title,
      ]),
      ...part("Open actions", actions, ["Number", "What", "Who", "Due"], (action) => [
        strong(formatActionNumber(action.number)),
        action.text,
        action.owner.label,
        dueCell(action, today),
      ]),
      ...part("Requests", requests, ["Number", "To", "Measure", "Status"], (request) => [
        strong(formatRequestNumber(request)),
        addresseeOf(request),
        request.measure,
        statusLabel(request, statuses),
      ]),
    );
  },
});

function part<T>(
  title: string,
  items: readonly T[] | undefined,
  columns: readonly string[],
  row: (item: T) => readonly Line[],
): readonly Block[] {
  if (items === undefined) return [];
  if (items.length === 0) return [paragraph(strong(title), ": none.")];
  return [paragraph(strong(title)), table(columns, items.map(row))];
}
