import { listTakeawayRows } from "../../db/repositories/takeaways.ts";
import type { Case, CaseRoom } from "../../domain/case/case.ts";
import { RogatoryError } from "../../domain/errors.ts";
import { compareTakeaways } from "../../domain/report/order.ts";
import { findSection, type PlannedSection } from "../../domain/report/sections.ts";
import type { Takeaway } from "../../domain/takeaway/takeaway.ts";
import { nearest } from "../../domain/text/nearest.ts";
import { planReport } from "../report/report-plan.ts";
import type { CaseWork } from "../work.ts";

export interface SectionTakeaways {
  readonly section: PlannedSection;
  /** In the order of the report. */
  readonly takeaways: readonly Takeaway[];
}

/**
 * What was recorded, by section: the named one, else the one of the room, else all of them.
 * Throws RogatoryError `takeaway.section-unknown`.
 */
export async function listTakeaways(
  work: CaseWork,
  request: {
    readonly case: Case;
    readonly room: CaseRoom | undefined;
    readonly section: string | undefined;
  },
): Promise<readonly SectionTakeaways[]> {
  const { sections, categories } = planReport(request.case);
  const wanted = selectSections(sections, request.section ?? request.room?.section);
  const rows = await listTakeawayRows(work.db, work.seal, work.caseId);
  return wanted.map((section) => ({
    section,
    takeaways: rows
      .filter((row) => row.section === section.code)
      .toSorted((a, b) => compareTakeaways(a, b, categories)),
  }));
}

function selectSections(
  sections: readonly PlannedSection[],
  name: string | undefined,
): readonly PlannedSection[] {
  if (name === undefined || name.toLowerCase() === "all") return sections;
  const found = findSection(sections, name);
  if (found !== undefined) return [found];
  const codes = sections.map(({ code }) => code);
  const near = nearest(name, codes);
  const hint = near === undefined ? "" : ` Did you mean ${near}?`;
  throw new RogatoryError(
    "takeaway.section-unknown",
    `There is no section ${name}.${hint} Use ${codes.join(", ")}, or all.`,
  );
}
