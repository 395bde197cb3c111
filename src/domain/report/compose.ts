import { RogatoryError } from "../errors.ts";
import type { TakeawayCategory } from "../takeaway/category.ts";
import type { Takeaway } from "../takeaway/takeaway.ts";
import type { AgendaEntry, ReportedMeeting } from "./agenda.ts";
import { formatDatesForProse, formatDatesForTitle } from "./dates.ts";
import { compareTakeaways } from "./order.ts";
import { formatOrdinal, formatOrdinalWord } from "./ordinals.ts";
import type {
  OutcomeReport,
  ReportBlock,
  ReportListItem,
  ReportSection,
} from "./outcome-report.ts";
import { countParticipation, type EuMemberStates, formatParticipation } from "./participation.ts";
import { planSections } from "./sections.ts";
import type { ListLayout, ReportTemplate } from "./template.ts";

export interface ReportSource {
  readonly template: ReportTemplate;
  readonly categories: readonly TakeawayCategory[];
  readonly union: EuMemberStates;
  readonly meeting: ReportedMeeting;
  readonly agenda: readonly AgendaEntry[];
  readonly takeaways: readonly Takeaway[];
  /** ISO 3166-1 alpha-2 codes, one for each delegation; a State may occur more than once. */
  readonly delegations: readonly string[];
  readonly draft: boolean;
}

/**
 * Makes the report out of what was recorded: agenda order, then rank, then number (domain.md 5.5).
 *
 * The same source gives the same report. Takeaways of a section that the agenda no longer has are
 * refused rather than left out, so that nothing a rapporteur recorded gets lost unseen.
 */
export function composeOutcomeReport(source: ReportSource): OutcomeReport {
  const { template, meeting, agenda, delegations, union } = source;
  const planned = planSections(template, agenda);
  refuseLostTakeaways(
    source.takeaways,
    planned.map(({ code }) => code),
  );
  const days = {
    start: Temporal.PlainDate.from(meeting.from),
    end: Temporal.PlainDate.from(meeting.to),
  };
  const prose = {
    participation: formatParticipation(
      countParticipation(delegations, days.start, union),
      template.participation,
    ),
    dates: formatDatesForProse(days),
  };
  const blocksBySection = new Map(
    planned.map(({ code }) => [code, composeBlocks(source, code, prose)] as const),
  );
  const sections = planned.map((section): ReportSection => {
    const blocks = blocksBySection.get(section.code) ?? [];
    // A section that only holds sub-sections needs no text of its own.
    const hasSubsections = planned.some(({ number }) => number.startsWith(`${section.number}.`));
    if (blocks.length > 0 || hasSubsections) return { ...section, blocks };
    return { ...section, blocks: [{ kind: "empty", text: template.emptySection }] };
  });
  const heading = {
    ordinal: formatOrdinal(meeting.ordinal),
    ordinalWord: formatOrdinalWord(meeting.ordinal),
    title: meeting.title,
    organisation: meeting.organisation,
    place: meeting.place,
    dates: formatDatesForTitle(days, template.dateDash),
  };
  return {
    language: template.language,
    publisher: fill(template.publisher, heading),
    title: fill(template.title, heading),
    subtitle: fill(template.subtitle, heading),
    dateLine: fill(template.dateLine, heading),
    contentsHeading: template.contentsHeading,
    handling: template.handling,
    ...(source.draft ? { draftMark: template.draftMark } : {}),
    sections,
    backMatter: template.backMatter,
  };
}

function refuseLostTakeaways(takeaways: readonly Takeaway[], codes: readonly string[]): void {
  const lost = takeaways.filter(({ section }) => !codes.includes(section));
  if (lost.length === 0) return;
  const names = [...new Set(lost.map(({ section }) => section))].join(", ");
  throw new RogatoryError(
    "report.section-gone",
    `Takeaways were recorded for sections that the agenda does not have (${names}): put them back on the agenda.`,
  );
}

function composeBlocks(
  source: ReportSource,
  section: string,
  values: Readonly<Record<string, string>>,
): readonly ReportBlock[] {
  const categories = new Map(source.categories.map((category) => [category.tag, category]));
  const items = source.takeaways
    .filter((item) => item.section === section && categories.get(item.category)?.use === "report")
    .toSorted((a, b) => compareTakeaways(a, b, source.categories));
  const blocks: ReportBlock[] = [];
  for (let index = 0; index < items.length; ) {
    const first = items[index];
    if (first === undefined) break;
    const layout = source.template.lists[first.category];
    if (categories.get(first.category)?.render === "list" && layout !== undefined) {
      const next = items.findIndex((item, at) => at > index && item.category !== first.category);
      const end = next === -1 ? items.length : next;
      blocks.push(composeList(items.slice(index, end), layout, values));
      index = end;
    } else {
      blocks.push(...composeParagraphs(first, values));
      index += 1;
    }
  }
  return blocks;
}

function composeParagraphs(
  { lead, text }: Takeaway,
  values: Readonly<Record<string, string>>,
): readonly ReportBlock[] {
  const [first = "", ...others] = fill(text, values).split("\n");
  return [
    lead === undefined
      ? { kind: "paragraph", text: first }
      : { kind: "headline", headline: asSentence(fill(lead, values)), text: first },
    ...others.map((paragraph) => ({ kind: "paragraph", text: paragraph }) as const),
  ];
}

function composeList(
  takeaways: readonly Takeaway[],
  { leadIn, style, conjunction }: ListLayout,
  values: Readonly<Record<string, string>>,
): ReportBlock {
  const last = takeaways.length - 1;
  const items = takeaways.map((takeaway, index): ReportListItem => {
    const text = fill(takeaway.text, values).replaceAll("\n", " ");
    const lead =
      takeaway.lead === undefined ? {} : { lead: asSentence(fill(takeaway.lead, values)) };
    if (style !== "semicolon") return { ...lead, text: asSentence(text) };
    const bare = text.replace(/[\s;,.]+$/, "");
    if (index === last) return { ...lead, text: `${bare}.` };
    const joined = index === last - 1 && conjunction !== undefined ? `; ${conjunction}` : ";";
    return { ...lead, text: `${bare}${joined}` };
  });
  return { kind: "list", ...(leadIn === undefined ? {} : { leadIn }), style, items };
}

function asSentence(text: string): string {
  return /[.!?…:]["”’)]*$/.test(text) ? text : `${text}.`;
}

/** Replaces `{name}`; a name without a value stays as it was typed. */
function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (typed, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? typed) : typed,
  );
}
