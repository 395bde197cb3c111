import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { packageDirectory } from "../../src/config/paths.ts";
import { reportRules } from "../../src/config/report-template.ts";
import { capabilitiesOf, roomTemplate } from "../../src/config/room-template.ts";
import { CaseProfile } from "../../src/domain/case/case.ts";
import { PersonProfile } from "../../src/domain/case/person.ts";
import { describeError } from "../../src/domain/errors.ts";
import { composeOutcomeReport } from "../../src/domain/report/compose.ts";
import type { OutcomeReport } from "../../src/domain/report/outcome-report.ts";
import { planSections } from "../../src/domain/report/sections.ts";
import { parseTakeaway } from "../../src/domain/takeaway/parse.ts";
import type { Takeaway } from "../../src/domain/takeaway/takeaway.ts";

const directory = join(packageDirectory(), "demo", "thb-focus-group-4");

const Scenario = CaseProfile.extend({
  template: z.string(),
  state: z.string(),
  roster: z.array(PersonProfile.extend({ localpart: z.string() })),
}).transform(({ template, state, roster, ...profile }) => ({ template, state, roster, profile }));

const Script = z.strictObject({
  steps: z.array(z.strictObject({ who: z.string(), room: z.string(), say: z.string().min(1) })),
});

export const scenario = Scenario.parse(parse(readFileSync(join(directory, "case.yaml"), "utf8")));
export const script = Script.parse(
  parse(readFileSync(join(directory, "script.yaml"), "utf8")),
).steps;
export const publishedReport = readFileSync(join(directory, "published-report.txt"), "utf8");

export interface PlayedScript {
  readonly report: OutcomeReport;
  readonly takeaways: readonly Takeaway[];
  /** Answers to mistyped commands, in order. */
  readonly mistakes: readonly string[];
  /** Commands of people whose role may not record. */
  readonly denied: readonly string[];
}

/** Records the rapporteurs' lines of the script and composes the report, without database or Matrix. */
export function playScript(): PlayedScript {
  const rules = reportRules(scenario.profile.reportTemplate ?? "");
  const rooms = roomTemplate(scenario.template);
  const sections = planSections(rules.template, scenario.profile.agenda);
  const takeaways: Takeaway[] = [];
  const mistakes: string[] = [];
  const denied: string[] = [];
  for (const { who, room, say } of script) {
    const typed = /^!(?:t|takeaway) (?!list)([\s\S]*)$/.exec(say)?.[1];
    if (typed === undefined) continue;
    const role = scenario.roster.find(({ localpart }) => localpart === who)?.role ?? "";
    if (!capabilitiesOf(rooms, role).has("takeaway.record")) {
      denied.push(say);
      continue;
    }
    const defaultSection = scenario.profile.agenda.find(({ code }) => code === room)?.code;
    try {
      const parsed = parseTakeaway(typed, { ...rules, sections, defaultSection });
      if (parsed.kind === "takeaway")
        takeaways.push({ number: takeaways.length + 1, ...parsed.draft });
    } catch (error) {
      mistakes.push(describeError(error));
    }
  }
  const { meeting } = scenario.profile;
  if (meeting === undefined) throw new Error("the scenario has no meeting");
  const report = composeOutcomeReport({
    ...rules,
    meeting,
    agenda: scenario.profile.agenda,
    takeaways,
    delegations: scenario.roster.flatMap(({ state }) => state ?? []),
    draft: true,
  });
  return { report, takeaways, mistakes, denied };
}
