import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Audience,
  type AudienceOptions,
  type Rooms,
  startAudience,
} from "../../../src/dev/demo/audience.ts";
import { isBot } from "../../../src/dev/demo/bot-names.ts";
import type { BotsProcess } from "../../../src/dev/demo/bots-process.ts";
import { type Deployment, startDeployment } from "../../../src/dev/demo/deployment.ts";
import type { Scenario } from "../../../src/dev/demo/scenario.ts";
import { answers, type RoomMessage } from "../../../src/dev/people/message.ts";
import type { EventId } from "../../../src/domain/ids.ts";

/** A scenario with everybody in the rooms, on a homeserver and with bots of its own. */
export interface Stage {
  readonly scenario: Scenario;
  readonly deployment: Deployment;
  readonly audience: Audience;
  readonly rooms: Rooms;
  readonly code: string;
  readonly directory: string;
  /** Ends the bots' process with SIGKILL and starts another on the same data. */
  killAndRestartBots(): Promise<void>;
  /** What the bots answered to a message, files apart, as anybody read it. */
  answersTo(eventId: EventId): readonly RoomMessage[];
  stop(): Promise<void>;
}

export async function setStage(scenario: Scenario, options: AudienceOptions = {}): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), "rogatory-e2e-"));
  const stops: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })];
  const stop = async () => {
    for (let next = stops.pop(); next !== undefined; next = stops.pop()) await next();
  };
  try {
    const { clock } = scenario;
    const serverName = "rogatory.localhost";
    const deployment = await startDeployment({ directory, serverName, clock });
    stops.push(() => deployment.stop());
    const arriving = startAudience(deployment.homeserver, scenario, options);
    arriving.catch(() => {});
    let bots: BotsProcess = await deployment.startBots({ once: true });
    stops.push(() => bots.stop());
    const code = await deployment.createCase(scenario.caseFile);
    const audience = await arriving;
    stops.push(() => audience.stop());
    await deployment.settled(code);
    const rooms = await audience.gather(code);
    return {
      ...{ scenario, deployment, audience, rooms, code, directory, stop },
      async killAndRestartBots() {
        await bots.kill();
        bots = await deployment.startBots({ once: true });
      },
      answersTo: (eventId) =>
        audience.crowd.timeline.messages.filter(
          (message) =>
            isBot(message.sender) && message.kind !== "file" && answers(message, eventId),
        ),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
