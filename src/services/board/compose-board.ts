import { instrumentCatalogue } from "../../config/instruments.ts";
import { listPeople } from "../../db/repositories/cases.ts";
import {
  answer,
  type Block,
  code,
  type Inline,
  type Line,
  list,
  type Outcome,
  paragraph,
  strong,
} from "../../documents/message/outcome.ts";
import { type ActionItem, formatActionNumber, isOverdue } from "../../domain/action/action.ts";
import { beginningOf, changesAt, type Shown } from "../../domain/board/board.ts";
import { type BoardContent, boardSources } from "../../domain/board/content.ts";
import type { Case } from "../../domain/case/case.ts";
import { formatMeetingNumber, type Meeting } from "../../domain/meeting/meeting.ts";
import { formatRequestNumber, type LegalRequest } from "../../domain/request/request.ts";
import { stateName } from "../../domain/request/states.ts";
import { formatDay, formatLocalTimes, formatPeriod } from "../../domain/time/format.ts";
import { actionsSeenFrom } from "../action/read-actions.ts";
import { meetingsSeenFrom } from "../meeting/read-meetings.ts";
import { type CaseSeats, sits } from "../member/case-seats.ts";
import { requestsSeenFrom } from "../request/read-requests.ts";
import { listTakeaways } from "../takeaway/list-takeaways.ts";
import type { CaseWork } from "../work.ts";

export interface ComposedBoard {
  readonly outcome: Outcome;
  /** When it says something else although nobody has done anything. */
  readonly changesAt: Temporal.Instant | undefined;
}

/** What may be said on a board, however long it is. */
const LONGEST_TEXT = 160;

/** What the board of a room says now: what a list typed in that room shows, and no more. */
export async function composeBoard(
  work: CaseWork,
  of: Case,
  seat: CaseSeats,
  contents: readonly BoardContent[],
): Promise<ComposedBoard> {
  const place = { case: of, room: seat.room };
  const { timeZone: zone } = of.profile;
  const shows = (content: BoardContent) => contents.includes(content);
  const meetings = beginningOf(
    shows("meetings") ? await meetingsSeenFrom(work, place, "upcoming", work.now) : [],
    1,
  );
  const actions = beginningOf(shows("actions") ? await actionsSeenFrom(work, place, "open") : []);
  const requests = beginningOf(shows("requests") ? await openRequests(work, place) : []);
  const takeaways = shows("takeaways") ? await countTakeaways(work, of) : [];
  const people = await listPeople(work.db, work.seal, work.caseId);
  const zones = people
    .filter(({ profile }) => sits(seat, profile))
    .map(({ profile }) => profile.timeZone);
  const today = work.now.toZonedDateTimeISO(zone).toPlainDate();
  const blocks = [
    ...meetingBlocks(meetings, zone, zones),
    ...listBlocks(actions, "actions", (action) => actionLine(action, today)),
    ...listBlocks(requests, "requests", requestLine),
    ...(takeaways.length === 0 ? [] : [paragraph(strong("Takeaways recorded")), list(takeaways)]),
  ];
  const title = paragraph(strong(`Board of ${of.profile.name}`));
  return {
    outcome: answer(title, ...(blocks.length === 0 ? [emptyLine(contents)] : blocks)),
    changesAt: changesAt({ meetings, actions }, work.now, zone),
  };
}

function emptyLine(contents: readonly BoardContent[]): Block {
  const adding = contents.flatMap((content, index): Inline[] => [
    ...(index === 0 ? [] : [index === contents.length - 1 ? " or " : ", "]),
    code(boardSources[content].add),
  ]);
  return paragraph(
    "There is nothing on it yet. It shows what comes by ",
    ...adding,
    "; ",
    code("!help"),
    " lists what you can type.",
  );
}

function meetingBlocks(
  { shown: [next], more }: Shown<Meeting>,
  zone: string,
  zones: readonly string[],
): readonly Block[] {
  if (next === undefined) return [];
  const start = next.start.withTimeZone(zone);
  const local = formatLocalTimes(start, next.end, zones);
  return [
    paragraph(
      strong("Next meeting: "),
      `${formatMeetingNumber(next.number)} ${short(next.title)}, `,
      strong(formatPeriod(start, next.end)),
      local.length === 0 ? "" : `; ${local.join("; ")}`,
      next.venue === undefined ? "" : `; ${short(next.venue)}`,
    ),
    ...furtherBlocks(more, "meetings"),
  ];
}

const titles = { actions: "Open actions", requests: "Open requests" } as const;

function listBlocks<T>(
  { shown, more }: Shown<T>,
  content: keyof typeof titles,
  line: (item: T) => Line,
): readonly Block[] {
  if (shown.length === 0) return [];
  return [
    paragraph(strong(titles[content])),
    list(shown.map(line)),
    ...furtherBlocks(more, content),
  ];
}

function furtherBlocks(more: number, content: BoardContent): readonly Block[] {
  return more === 0 ? [] : [paragraph(`and ${more} more: `, code(boardSources[content].list))];
}

function actionLine(action: ActionItem, today: Temporal.PlainDate): Line {
  const { due, number, owner, text } = action;
  const day = due === undefined ? "no date" : `by ${formatDay(due)}`;
  return [
    strong(formatActionNumber(number)),
    ` ${short(text)} — ${owner.label}, `,
    isOverdue(action, today) ? strong(`${day} (overdue)`) : day,
  ];
}

function requestLine(request: LegalRequest): Line {
  const { executing, issuing, measure, status } = request;
  const { statuses } = instrumentCatalogue().statuses;
  const to = executing.length === 0 ? "Eurojust" : executing.map(stateName).join(", ");
  return [
    strong(formatRequestNumber(request)),
    ` from ${stateName(issuing)} to ${to}: ${short(measure)} — ${statuses[status]?.label ?? status}`,
  ];
}

/** Requests after which something still has to follow. */
async function openRequests(
  work: CaseWork,
  place: Parameters<typeof requestsSeenFrom>[1],
): Promise<readonly LegalRequest[]> {
  const { statuses } = instrumentCatalogue().statuses;
  const requests = await requestsSeenFrom(work, place);
  return requests.filter(({ status }) => (statuses[status]?.next.length ?? 1) > 0);
}

/** How many there are in each section that has any. */
async function countTakeaways(work: CaseWork, of: Case): Promise<readonly Line[]> {
  const { meeting, reportTemplate } = of.profile;
  if (meeting === undefined || reportTemplate === undefined) return [];
  const sections = await listTakeaways(work, { case: of, room: undefined, section: undefined });
  return sections
    .filter(({ takeaways }) => takeaways.length > 0)
    .map(
      ({ section: { number, title }, takeaways }): Line => [
        `${number} ${short(title)}: `,
        strong(String(takeaways.length)),
      ],
    );
}

function short(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT - 1).trimEnd()}…`;
}
