import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Played, play } from "../../src/dev/demo/player.ts";
import { saveReport } from "../../src/dev/demo/report-files.ts";
import { isCommand, loadScenario, onlyWith, type Scenario } from "../../src/dev/demo/scenario.ts";
import { botDevices } from "./support/keys.ts";
import { type Stage, setStage } from "./support/stage.ts";

const MINUTES = 60_000;

/** Commands whose echo is the moment of a kill: the bot is about to read them, or reading them. */
const FATAL_COMMANDS = [12, 40];

let stage: Stage;
let output: string;
let played: readonly Played[];
let before: Awaited<ReturnType<typeof botDevices>>;
let kills = 0;

beforeAll(async () => {
  output = await mkdtemp(join(tmpdir(), "rogatory-report-"));
  stage = await setStage(await rapporteursOnly());
  before = await botDevices(stage.deployment, "asks-before");
  const { audience, rooms, scenario } = stage;
  const commands = scenario.steps.filter(isCommand);
  const fatal = new Set(FATAL_COMMANDS.map((index) => commands[index]?.say));
  const restarts: Promise<void>[] = [];
  audience.crowd.timeline.onMessage(({ body }) => {
    if (!fatal.delete(body)) return;
    kills += 1;
    restarts.push(stage.killAndRestartBots());
  });
  played = await play(audience, rooms, scenario);
  await Promise.all(restarts);
  await saveReport(audience, played, output);
}, 8 * MINUTES);

afterAll(async () => {
  await stage?.stop();
  await rm(output, { recursive: true, force: true });
}, MINUTES);

/** The same workshop with those in the rooms who record and approve. */
async function rapporteursOnly(): Promise<Scenario> {
  const scenario = await loadScenario("thb-focus-group-4");
  return onlyWith(scenario, ({ role }) => role === "rapporteur" || role === "co-chair");
}

describe("bots whose process is killed in the middle of a workshop", () => {
  it("answer every command once", () => {
    expect(kills).toBe(FATAL_COMMANDS.length);
    for (const { step, said } of played.filter((each) => isCommand(each.step))) {
      expect(stage.answersTo(said.eventId), step.say).toHaveLength(1);
    }
  });

  it("lose none of the takeaways", async () => {
    const report = await readFile(join(output, "outcome-report.md"), "utf8");
    const body = report.slice(report.indexOf("## 1. Introduction"));
    expect(body.match(/^## \d/gm)).toHaveLength(9);
    expect(body.match(/^- /gm)).toHaveLength(22);
    expect(report).toContain("from 23 EU Member States and 8 non-EU countries");
  });

  it("are the same devices as before", async () => {
    const after = await botDevices(stage.deployment, "asks-after");
    expect(Object.values(after).flatMap((devices) => Object.keys(devices))).toHaveLength(3);
    expect(after).toEqual(before);
  });

  it(
    "read what is said after another restart",
    async () => {
      await stage.killAndRestartBots();
      const { crowd, userId } = stage.audience;
      const rapporteur = userId("fg4-rapporteur-1");
      const room = stage.rooms.get("plenary");
      if (room === undefined) throw new Error("there is no plenary");
      const said = await crowd.say(rapporteur, room, "!help");
      expect((await crowd.replyTo(rapporteur, said.eventId)).body).toContain("!takeaway");
    },
    2 * MINUTES,
  );
});
