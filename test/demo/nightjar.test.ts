import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { roomTemplate } from "../../src/config/room-template.ts";
import type { CaseHarness } from "../support/case-harness.ts";
import { nightjarCase, nightjarScript, openNightjar } from "../support/nightjar-demo.ts";

let harness: CaseHarness;
const answers: string[] = [];

/** What the bots answered to a line of the script; the n-th time that it was typed. */
function answerTo(say: string, time = 1): string {
  const positions = commands.flatMap((step, index) => (step.say === say ? [index] : []));
  return answers[positions[time - 1] ?? -1] ?? `“${say}” is not in the script`;
}

const commands = nightjarScript.steps.filter(({ say }) => say.startsWith("!"));

beforeAll(async () => {
  harness = await openNightjar();
  for (const { who, room, say } of commands) answers.push(await harness.ask(who, room, say));
});
afterAll(() => harness.close());

describe("the scenario of JIT NIGHTJAR", () => {
  it("names only people, rooms and roles that the case has", () => {
    const template = roomTemplate(nightjarCase.template);
    for (const { role } of nightjarCase.roster) expect(Object.keys(template.roles)).toContain(role);
    for (const { who, room } of nightjarScript.steps) {
      const person = nightjarCase.roster.find(({ localpart }) => localpart === who);
      const roles = template.rooms.find(({ kind }) => kind === room)?.roles;
      expect(roles === "all" || roles?.includes(person?.role ?? ""), `${who} in ${room}`).toBe(
        true,
      );
    }
  });

  it("schedules the coordination meeting after a mistyped command was answered with the right one", () => {
    expect(answers[0]).toMatch(/no command !meeting shedule\. Did you mean !meeting schedule/);
    expect(answers[1]).toContain("Tue 15 December 2026, 09:30–11:30 (Europe/Amsterdam)");
    expect(answers[1]).toContain("10:30–12:30 in Europe/Bucharest");
  });

  it("drafts the EIO to Belgium and refuses the one to Denmark with what to use", () => {
    expect(answerTo("!request new EIO to BE: bank statements and hotel registers")).toMatch(
      /EIO-001[\s\S]*Belgium[\s\S]*draft/,
    );
    expect(answerTo("!request new EIO to DK: bank statements of the transport company")).toMatch(
      /^Denmark is not bound by Directive 2014\/41\/EU: use a letter of request \(MLA\)/,
    );
  });

  it("keeps what the leaders drafted among themselves out of the room of all", () => {
    expect(answerTo("!request list", 2)).not.toContain("FRZ-001");
    expect(answerTo("!request list", 3)).toContain("FRZ-001");
    expect(answerTo("!action list")).not.toContain("A-001");
  });

  it("denies the observer the requests and nothing else fails", () => {
    expect(answerTo("!request list", 1)).toMatch(/^Your role in this case does not include/);
    const failed = answers.filter((text) =>
      /Usage:|not on the roster|went wrong|is in the past/.test(text),
    );
    expect(failed).toEqual([]);
  });
});
