import { RogatoryError } from "../errors.ts";
import type { AgendaEntry, FixedSection } from "./agenda.ts";

export interface PlannedSection {
  readonly code: string;
  /** `3` or `3.1`, without the full stop that headings show. */
  readonly number: string;
  readonly title: string;
  readonly level: 1 | 2;
}

/** The fixed sections of a template and the agenda between them, numbered as the report shows them. */
export function planSections(
  template: { readonly before: readonly FixedSection[]; readonly after: readonly FixedSection[] },
  agenda: readonly AgendaEntry[],
): readonly PlannedSection[] {
  const top = agenda.filter(({ parent }) => parent === undefined);
  const planned = [...template.before, ...top, ...template.after].flatMap((section, index) => {
    const number = String(index + 1);
    const subsections = agenda.filter(({ parent }) => parent === section.code);
    return [
      plan(section, number, 1),
      ...subsections.map((sub, subIndex) => plan(sub, `${number}.${subIndex + 1}`, 2)),
    ];
  });
  refuseBrokenAgenda(
    planned,
    agenda.map(({ code }) => code),
  );
  return planned;
}

function plan({ code, title }: FixedSection, number: string, level: 1 | 2): PlannedSection {
  return { code, number, title, level };
}

function refuseBrokenAgenda(planned: readonly PlannedSection[], agenda: readonly string[]): void {
  const codes = planned.map(({ code }) => code);
  const twice = codes.find((code, index) => codes.indexOf(code) !== index);
  if (twice !== undefined) {
    throw new RogatoryError(
      "report.section-code-twice",
      `Two sections of the report have the code ${twice}: give each section of the agenda its own code.`,
    );
  }
  const lost = agenda.find((code) => !codes.includes(code));
  if (lost !== undefined) {
    throw new RogatoryError(
      "report.section-parent-unknown",
      `The section ${lost} belongs under a section that is not a main section of the agenda: correct its parent.`,
    );
  }
}

/** Finds a section by code (`s1`), number (`4`, `5.1`) or either of them after `§`. */
export function findSection(
  sections: readonly PlannedSection[],
  name: string,
): PlannedSection | undefined {
  const wanted = name.replace(/^§/, "").replace(/\.$/, "").toLowerCase();
  return sections.find(({ code, number }) => code === wanted || number === wanted);
}
