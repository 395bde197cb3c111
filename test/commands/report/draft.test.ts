import { afterEach, describe, expect, it } from "vitest";
import { writeMarkdownReport } from "../../../src/documents/markdown-report.ts";
import { type CaseHarness, openCaseHarness } from "../../support/case-harness.ts";
import { playScript, scenario, script } from "../../support/focus-group-demo.ts";

let harness: CaseHarness | undefined;
afterEach(() => harness?.close());

async function open(): Promise<CaseHarness> {
  harness = await openCaseHarness({
    template: scenario.template,
    profile: scenario.profile,
    people: scenario.roster,
    now: "2025-09-25T15:00:00Z",
  });
  return harness;
}

describe("!report draft", () => {
  it("gives the whole report of the scenario as Markdown and Word", async () => {
    const { say, ask } = await open();
    for (const step of script.slice(0, -1)) {
      if (step.say.startsWith("!")) await say(step.who, step.room, step.say);
    }
    const outcome = await say("fg4-eurojust", "rapporteurs", "!report draft");
    const [markdown, word] = outcome.attachments ?? [];
    expect(markdown?.fileName).toBe("outcome-report.md");
    expect(new TextDecoder().decode(markdown?.bytes)).toBe(
      writeMarkdownReport(playScript().report),
    );
    expect(word?.fileName).toBe("outcome-report.docx");
    expect(new TextDecoder().decode(word?.bytes.slice(0, 2))).toBe("PK");
    const text = await ask("fg4-rapporteur-1", "rapporteurs", "!report draft");
    expect(text).toContain("9 sections, 64 takeaways");
    expect(text).toContain("No State or function of the roster occurs");
    expect(text).not.toContain("Nothing was recorded");
  });

  it("names empty sections and what could betray a speaker", async () => {
    const { ask } = await open();
    await ask("fg4-rapporteur-1", "s1", "!t #para Romania had no such case.");
    await ask("fg4-rapporteur-1", "s1", "!t #quote We are proud of it.");
    await ask("fg4-rapporteur-1", "s1", "!t #offrecord secret");
    const text = await ask("fg4-eurojust", "rapporteurs", "!report draft");
    expect(text).toContain("1 takeaway (1 kept out of the report, 1 off the record)");
    expect(text).toMatch(/Nothing was recorded for: 1\. Introduction; 2\. Key takeaways/);
    expect(text).toContain("4. Romania");
  });

  it("is denied to participants", async () => {
    const { say } = await open();
    const outcome = await say("fg4-ro", "plenary", "!report draft");
    expect(JSON.stringify(outcome)).toMatch(/role/);
    expect(outcome.attachments).toBeUndefined();
  });
});
