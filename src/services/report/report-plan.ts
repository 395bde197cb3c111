import { type ReportRules, reportRules } from "../../config/report-template.ts";
import type { Case } from "../../domain/case/case.ts";
import { RogatoryError } from "../../domain/errors.ts";
import type { ReportedMeeting } from "../../domain/report/agenda.ts";
import { type PlannedSection, planSections } from "../../domain/report/sections.ts";

export interface ReportPlan extends ReportRules {
  readonly meeting: ReportedMeeting;
  readonly sections: readonly PlannedSection[];
}

/** The template and the sections of a case's outcome report. */
export function planReport({ profile }: Case): ReportPlan {
  const { meeting, reportTemplate, agenda } = profile;
  if (meeting === undefined || reportTemplate === undefined) {
    throw new RogatoryError(
      "report.none",
      "Nothing says yet which meeting this case reports on: ask an operator to add meeting and reportTemplate to its case file, and to apply it (rogatory case apply).",
    );
  }
  const rules = reportRules(reportTemplate);
  return { ...rules, meeting, sections: planSections(rules.template, agenda) };
}
