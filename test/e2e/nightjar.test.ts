import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Played, play } from "../../src/dev/demo/player.ts";
import { everybodyHasRead } from "../../src/dev/demo/run-scenario.ts";
import { isCommand, loadScenario } from "../../src/dev/demo/scenario.ts";
import { filesWith, passagesOf } from "./support/search.ts";
import { type Stage, setStage } from "./support/stage.ts";

const MINUTES = 60_000;
const STRICT = "nightjar-nl-pros";
const UNSIGNED = "nightjar-ro-police";

let stage: Stage;
let played: readonly Played[];

beforeAll(async () => {
  stage = await setStage(await loadScenario("nightjar"), {
    clients: {
      // Excludes insecure devices, as Element does when the user asks for it.
      [STRICT]: { onlySignedDevices: true },
      [UNSIGNED]: { crossSigned: false },
    },
  });
  const { audience, rooms, scenario } = stage;
  played = await play(audience, rooms, scenario);
  await everybodyHasRead(audience, scenario, rooms, played);
}, 6 * MINUTES);

afterAll(async () => {
  await stage?.stop();
}, MINUTES);

function answerTo(beginning: string, who?: string): string {
  const found = played.find(
    ({ step }) => step.say.startsWith(beginning) && (who === undefined || step.who === who),
  );
  return found?.answer?.body ?? "";
}

describe("the joint investigation team NIGHTJAR", () => {
  it("gets one answer to each command", () => {
    for (const { step, said } of played.filter((each) => isCommand(each.step))) {
      expect(stage.answersTo(said.eventId), step.say).toHaveLength(1);
    }
  });

  it("is told what a mistyped command should have been", () => {
    expect(answerTo("!meeting shedule")).toContain("!meeting schedule");
  });

  it("is told which instrument binds a State that the named one does not", () => {
    expect(answerTo("!request new EIO to DK")).toMatch(/Denmark is not bound.*2014\/41\/EU/s);
    expect(answerTo("!request new EIO to BE")).toContain("EIO-001");
  });

  it("keeps what an observer may not see from the observer", () => {
    expect(answerTo("!request list", "nightjar-md-obs")).toContain("does not include");
    expect(answerTo("!action list", "nightjar-md-obs")).toContain("A-003");
  });

  it("keeps what was said among the leaders out of the room of all", () => {
    expect(answerTo("!request list", "nightjar-be-ij")).not.toContain("FRZ-001");
    expect(answerTo("!request list", "nightjar-ro-pros")).toContain("FRZ-001");
    expect(answerTo("!action list", "nightjar-md-obs")).not.toContain("A-001");
  });

  it("takes relative dates from the clock of the scenario", () => {
    expect(answerTo("!action add @BE-POLICE")).toContain("4 December 2026");
    expect(answerTo("!meeting schedule cm")).toContain("15 December 2026");
  });

  it("reads the bots with clients that refuse unsigned devices, without a warning", async () => {
    const { crowd, userId } = stage.audience;
    const readings = await crowd.readings();
    const strict = readings.find((reading) => reading.userId === userId(STRICT));
    expect(strict?.undecryptable).toEqual([]);
    const heard = played.flatMap(({ answer }) =>
      answer !== undefined && strict?.read[answer.roomId]?.includes(answer.eventId) === true
        ? [answer]
        : [],
    );
    expect(heard.length).toBeGreaterThan(10);
    for (const { eventId } of heard) {
      expect(await crowd.shield(userId(STRICT), eventId)).toBeUndefined();
    }
  });

  it("reads every word from the first one on, wherever all devices are signed", async () => {
    const { crowd, userId } = stage.audience;
    const signed = (await crowd.readings()).filter((each) => each.userId !== userId(UNSIGNED));
    expect(signed.length).toBeGreaterThan(5);
    expect(signed.flatMap(({ undecryptable }) => undecryptable)).toEqual([]);
  });

  it("gets nothing done from a device that its owner has not signed", async () => {
    const { crowd, userId } = stage.audience;
    const room = stage.rooms.get("coordination");
    if (room === undefined) throw new Error("there is no coordination room");
    const said = await crowd.say(userId(UNSIGNED), room, "!action list");
    const answer = await crowd.replyTo(userId(UNSIGNED), said.eventId);
    expect(answer.body).not.toContain("A-003");
    expect(answer.body).toMatch(/sign|verif/i);
  });

  it("leaves nothing of what was said on the homeserver, in the bots' database or in any log", async () => {
    const { directory, scenario } = stage;
    const needles = [
      scenario.caseName,
      ...scenario.steps.flatMap(({ say }) => passagesOf(say)),
      ...played.flatMap(({ answer }) => (answer === undefined ? [] : passagesOf(answer.body))),
    ];
    // Local parts of the scenario are its own choice, and written small.
    expect(await filesWith(directory, needles)).toEqual([]);
  });
});
