import { listPeople } from "../../db/repositories/cases.ts";
import { listTakeawayRows, readOffRecordCount } from "../../db/repositories/takeaways.ts";
import { writeMarkdownReport } from "../../documents/markdown-report.ts";
import type { Case } from "../../domain/case/case.ts";
import {
  type Attribution,
  attributionWords,
  findAttributions,
} from "../../domain/report/attributions.ts";
import { composeOutcomeReport } from "../../domain/report/compose.ts";
import type { OutcomeReport } from "../../domain/report/outcome-report.ts";
import { logAct } from "../acts.ts";
import type { CaseWork } from "../work.ts";
import { planReport } from "./report-plan.ts";

export interface DraftReport {
  readonly report: OutcomeReport;
  readonly markdown: string;
  /** A .docx file. */
  readonly word: Uint8Array;
  /** How many takeaways went into the report. */
  readonly used: number;
  /** How many are kept but not in the report. */
  readonly withheld: number;
  readonly offRecord: number;
  readonly attributions: readonly Attribution[];
}

/** Composes the draft of the case's outcome report from everything recorded so far. */
export async function draftReport(work: CaseWork, reported: Case): Promise<DraftReport> {
  const { meeting, ...rules } = planReport(reported);
  const takeaways = await listTakeawayRows(work.db, work.seal, work.caseId);
  const people = await listPeople(work.db, work.seal, work.caseId);
  const profiles = people.map(({ profile }) => profile);
  const report = composeOutcomeReport({
    ...rules,
    meeting,
    agenda: reported.profile.agenda,
    takeaways,
    delegations: profiles.flatMap(({ state }) => state ?? []),
    draft: true,
  });
  const inReport = new Set(
    rules.categories.filter(({ use }) => use === "report").map(({ tag }) => tag),
  );
  const used = takeaways.filter(({ category }) => inReport.has(category)).length;
  await logAct(work, "report.draft", { template: rules.template.name, takeaways: used });
  // Loaded when the first report is drafted: it is large, and every start would wait for it.
  const { writeWordReport } = await import("../../documents/word-report.ts");
  return {
    report,
    markdown: writeMarkdownReport(report),
    word: await writeWordReport(report, work.now),
    used,
    withheld: takeaways.length - used,
    offRecord: await readOffRecordCount(work.db, work.caseId),
    attributions: findAttributions(report, attributionWords(profiles)),
  };
}
