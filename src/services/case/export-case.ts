import { instrumentCatalogue } from "../../config/instruments.ts";
import { type RetainedContent, retentionOf } from "../../config/retention.ts";
import { roomTemplate } from "../../config/room-template.ts";
import { listActions } from "../../db/repositories/actions.ts";
import { listPeople } from "../../db/repositories/cases.ts";
import { listMeetings } from "../../db/repositories/meetings.ts";
import { listRequests } from "../../db/repositories/requests.ts";
import { listTakeawayRows } from "../../db/repositories/takeaways.ts";
import type { CaseExport } from "../../documents/case-export.ts";
import { formatActionNumber } from "../../domain/action/action.ts";
import type { Case } from "../../domain/case/case.ts";
import { stateNameOf, stateOf } from "../../domain/case/life.ts";
import { affiliationOf } from "../../domain/case/roster.ts";
import { formatMeetingNumber, meetingKinds } from "../../domain/meeting/meeting.ts";
import { formatRequestNumber } from "../../domain/request/request.ts";
import { formatTakeawayNumber } from "../../domain/takeaway/takeaway.ts";
import { logAct } from "../acts.ts";
import { type Place, visibleFrom } from "../visibility.ts";
import type { CaseWork } from "../work.ts";

/** What the export at the end of a case must leave out: it may not be kept beyond its retention time. */
export function notExported({ template }: Pick<Case, "template">): ReadonlySet<RetainedContent> {
  return new Set(
    retentionOf(template).flatMap(({ rules }) => (rules.exported ? [] : rules.contents)),
  );
}

/**
 * What a case holds, as far as it may be told in a place: people by function, never by name or Matrix
 * id. It is a disclosure, and logged as one (Directive (EU) 2016/680 Art 25).
 *
 * @param without what is left out
 */
export async function exportCase(
  work: CaseWork,
  place: Place,
  without: ReadonlySet<RetainedContent>,
): Promise<CaseExport> {
  const { db, seal, caseId, now, actor } = work;
  const { case: of } = place;
  const template = roomTemplate(of.template);
  const visible = await visibleFrom(work, place);
  const people = await listPeople(db, seal, caseId);
  const { statuses } = instrumentCatalogue();
  const seen = <T extends { readonly room?: Parameters<typeof visible>[0] }>(rows: readonly T[]) =>
    rows.filter(({ room }) => visible(room));
  const exported: CaseExport = {
    format: "rogatory-case/1",
    code: of.code,
    name: of.profile.name,
    kind: template.title,
    state: stateOf(template.life, stateNameOf(template.life, of.state)).title,
    timeZone: of.profile.timeZone,
    exportedAt: now.toString(),
    leftOut: [...without].filter((content) => content !== "rooms").sort(),
    agreement: of.profile.agreement,
    roster: people.map(({ profile }) => ({
      function: profile.function,
      affiliation: affiliationOf(profile),
      role: template.roles[profile.role]?.title ?? profile.role,
      languages: profile.languages,
      timeZone: profile.timeZone,
    })),
    meetings: without.has("meetings")
      ? undefined
      : seen(await listMeetings(db, seal, caseId)).map((meeting) => ({
          number: formatMeetingNumber(meeting.number),
          kind: meetingKinds[meeting.kind],
          title: meeting.title,
          start: meeting.start.toString(),
          end: meeting.end?.toString(),
          venue: meeting.venue,
          status: meeting.status,
        })),
    actions: without.has("actions")
      ? undefined
      : seen(await listActions(db, seal, caseId)).map((action) => ({
          number: formatActionNumber(action.number),
          text: action.text,
          owner: action.owner.label,
          due: action.due?.toString(),
          status: action.status,
          completedBy: action.completion?.by,
          completedAt: action.completion?.at.toString(),
        })),
    requests: without.has("requests")
      ? undefined
      : seen(await listRequests(db, seal, caseId)).map((request) => ({
          number: formatRequestNumber(request),
          instrument: request.instrument,
          issuing: request.issuing,
          executing: request.executing,
          status: statuses.statuses[request.status]?.label ?? request.status,
          measure: without.has("request-texts") ? undefined : request.measure,
        })),
    takeaways: without.has("takeaways")
      ? undefined
      : seen(await listTakeawayRows(db, seal, caseId)).map((takeaway) => ({
          number: formatTakeawayNumber(takeaway.number),
          category: takeaway.category,
          section: takeaway.section,
          lead: takeaway.lead,
          text: takeaway.text,
        })),
  };
  await logAct(work, "case.export", {
    leftOut: exported.leftOut,
    ...(actor.kind === "operator" ? { reason: actor.reason } : {}),
  });
  return exported;
}
