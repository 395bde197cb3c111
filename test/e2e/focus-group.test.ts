import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Played, play } from "../../src/dev/demo/player.ts";
import { saveReport } from "../../src/dev/demo/report-files.ts";
import { everybodyHasRead } from "../../src/dev/demo/run-scenario.ts";
import { isCommand, loadScenario } from "../../src/dev/demo/scenario.ts";
import type { Reading } from "../../src/dev/people/protocol.ts";
import { filesWith, passagesOf } from "./support/search.ts";
import { type Stage, setStage } from "./support/stage.ts";

const MINUTES = 60_000;

let stage: Stage;
let output: string;
let played: readonly Played[];
let readings: readonly Reading[];
let report: string;

beforeAll(async () => {
  output = await mkdtemp(join(tmpdir(), "rogatory-report-"));
  stage = await setStage(await loadScenario("thb-focus-group-4"));
  const { audience, rooms, scenario } = stage;
  played = await play(audience, rooms, scenario);
  await everybodyHasRead(audience, scenario, rooms, played);
  readings = await audience.crowd.readings();
  await saveReport(audience, played, output);
  report = await readFile(join(output, "outcome-report.md"), "utf8");
}, 12 * MINUTES);

afterAll(async () => {
  await stage?.stop();
  await rm(output, { recursive: true, force: true });
}, MINUTES);

describe("the workshop of 39 people", () => {
  it("ends in a report with the sections of the published one", () => {
    expect(report.match(/^## \d.*$/gm)).toEqual([
      "## 1. Introduction",
      "## 2. Key takeaways",
      "## 3. Latest developments in THB – EU perspective",
      "## 4. Session I: Trafficking for the purpose of organ removal",
      "## 5. Workshops",
      "## 6. Session II: Child victims and cross-border investigations",
      "## 7. Session III: Artificial intelligence and technology",
      "## 8. Session IV: Strengthening the judicial role in EMPACT THB",
      "## 9. Conclusions",
    ]);
  });

  it("ends in a report with all key takeaways, bullets and bold leads", () => {
    const keySection = /^## 2\.[\s\S]*?(?=^## 3\.)/m.exec(report)?.[0] ?? "";
    expect(keySection.match(/^\*\*[^*]+\.\*\* /gm)).toHaveLength(6);
    const body = report.slice(report.indexOf("## 1. Introduction"));
    expect(body.match(/^- /gm)).toHaveLength(22);
    expect(body.match(/^- \*\*[^*]+\.\*\* /gm)).toHaveLength(13);
  });

  it("counts the delegations from the roster", () => {
    expect(report).toContain("from 23 EU Member States and 8 non-EU countries");
  });

  it("attaches a Word document too", async () => {
    const bytes = await readFile(join(output, "outcome-report.docx"));
    expect(bytes.subarray(0, 4)).toEqual(Buffer.from("PK\u0003\u0004"));
  });

  it("is read in full by everybody in every room: nothing is undecryptable", () => {
    expect(readings.flatMap(({ undecryptable }) => undecryptable)).toEqual([]);
    for (const { localpart, rooms: names } of stage.scenario.people) {
      const reading = readings.find(({ userId }) => userId === stage.audience.userId(localpart));
      for (const name of names) {
        const roomId = stage.rooms.get(name) ?? "";
        const said = played.flatMap(({ said, answer }) =>
          said.roomId === roomId ? [said.eventId, ...(answer ? [answer.eventId] : [])] : [],
        );
        expect(reading?.read[roomId]).toEqual(expect.arrayContaining(said));
      }
    }
  });

  it("gets one answer to each command, encrypted, and none to a remark", () => {
    for (const { step, said } of played) {
      const answers = stage.answersTo(said.eventId);
      expect(answers, step.say).toHaveLength(isCommand(step) ? 1 : 0);
      for (const { encrypted } of answers) expect(encrypted).toBe(true);
    }
  });

  it("leaves nothing of what was said on the homeserver, in the bots' database or in any log", async () => {
    const { directory, scenario } = stage;
    const needles = [
      scenario.caseName,
      scenario.meetingTitle ?? scenario.caseName,
      ...scenario.steps.flatMap(({ say }) => passagesOf(say)),
      ...played.flatMap(({ answer }) => (answer === undefined ? [] : passagesOf(answer.body))),
    ];
    expect(needles.length).toBeGreaterThan(150);
    expect(await filesWith(directory, needles)).toEqual([]);
    // The search does find what is there.
    const neutral = `${stage.code} · plenary`;
    expect((await filesWith(directory, [stage.code])).length).toBeGreaterThan(0);
    expect((await filesWith(output, needles)).length).toBeGreaterThan(50);
    expect(neutral).not.toContain("THB");
  });
});
