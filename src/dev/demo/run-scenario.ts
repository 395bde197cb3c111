import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RoomId } from "../../domain/ids.ts";
import type { Reading } from "../people/protocol.ts";
import { type Audience, type Rooms, startAudience } from "./audience.ts";
import { botName } from "./bot-names.ts";
import { type Deployment, startDeployment } from "./deployment.ts";
import { type Played, play } from "./player.ts";
import { saveReport } from "./report-files.ts";
import { isCommand, type Scenario } from "./scenario.ts";
import { isOfScene, writeTranscript } from "./transcript.ts";

/** What a run tells about itself as it goes on. */
export interface Narrator {
  /** Something happened. */
  tell(text: string): void;
  /** Somebody said something. */
  quote(room: string, name: string, text: string): void;
  /** Work that takes a while. */
  progress(text: string): void;
}

export interface RunOptions {
  readonly directory: string;
  /** Where transcript and report go. */
  readonly outputDirectory: string;
  readonly narrator: Narrator;
  /** Called when something has been started that must be ended, in whatever way the run ends. */
  readonly onStarted: (stop: () => Promise<void>) => void;
  /** Aborted to begin nothing more. */
  readonly signal: AbortSignal;
}

export interface RunSummary {
  readonly people: number;
  readonly rooms: number;
  readonly messages: number;
  readonly commands: number;
  readonly answers: number;
  readonly undecryptable: number;
  readonly files: readonly string[];
}

const SERVER_NAME = "rogatory.localhost";

/** Sets up a deployment for a scenario, plays its script and writes what came of it. */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<RunSummary> {
  const { narrator, onStarted } = options;
  const deployment = await startDeployment({
    ...{ directory: options.directory, serverName: SERVER_NAME, clock: scenario.clock },
    onProgress: (text) => narrator.progress(text),
    signal: options.signal,
  });
  onStarted(() => deployment.stop());
  options.signal.throwIfAborted();
  narrator.tell(
    `A Synapse homeserver runs on ${deployment.homeserver.url}, for this machine only.`,
  );

  const arriving = startAudience(deployment.homeserver, scenario);
  void arriving.then((audience) => onStarted(() => audience.stop())).catch(() => {});
  const startedAt = Temporal.Now.instant();
  const bots = await deployment.startBots();
  onStarted(() => bots.stop());
  const broken = bots.broken.then((error) => Promise.reject(error));
  const shift = (scenario.clock ?? startedAt).since(startedAt);
  narrator.tell("The bots are ready: registrar, clerk and scribe, each with an encrypted client.");

  return Promise.race([broken, meet({ scenario, options, deployment, arriving, shift })]);
}

interface Meeting {
  readonly scenario: Scenario;
  readonly options: RunOptions;
  readonly deployment: Deployment;
  readonly arriving: Promise<Audience>;
  readonly shift: Temporal.Duration;
}

async function meet(meeting: Meeting): Promise<RunSummary> {
  const { scenario, deployment, arriving, options } = meeting;
  const { narrator, outputDirectory } = options;
  const code = await deployment.createCase(scenario.caseFile);
  narrator.tell(`The operator creates the case; the homeserver knows it only as ${code}.`);
  const [audience] = await Promise.all([arriving, deployment.settled(code)]);
  narrator.tell(
    `The registrar has made ${scenario.rooms.size} encrypted rooms and invited ${scenario.people.length} people, who run full Matrix clients (free of the homeserver's rate limits: they are faster than people).`,
  );
  narrator.progress("They join room by room; every client learns everybody's keys...");
  const rooms = await audience.gather(code);
  narrator.tell("Everybody has joined. What follows is said in the rooms, end-to-end encrypted:");

  const nameOf = namesOf(scenario, audience);
  const played = await play(audience, rooms, scenario, {
    onPlayed: quoter(scenario, nameOf, narrator),
  });
  await everybodyHasRead(audience, scenario, rooms, played);
  const readings = await audience.crowd.readings();

  await mkdir(outputDirectory, { recursive: true });
  const transcript = join(outputDirectory, "transcript.md");
  await writeFile(
    transcript,
    writeTranscript({
      title: scenario.caseName,
      preface: prefaceOf(scenario, code),
      rooms: new Map([...rooms].map(([name, roomId]) => [roomId, `${code} · ${name}`])),
      messages: audience.crowd.timeline.messages.filter(isOfScene),
      nameOf,
      timeZone: scenario.timeZone,
      shift: meeting.shift,
    }),
  );
  const report = await saveReport(audience, played, outputDirectory);
  return { ...count(scenario, audience, played, readings), files: [...report, transcript] };
}

/** The people's clients look at their rooms in turn: waits until the last has read the last line. */
export async function everybodyHasRead(
  { crowd, userId }: Audience,
  { people }: Scenario,
  rooms: Rooms,
  played: readonly Played[],
): Promise<void> {
  const lastOf = (roomId: RoomId | undefined) =>
    played.findLast(({ said }) => said.roomId === roomId);
  await Promise.all(
    people.flatMap(({ localpart, rooms: names }) =>
      names.map(async (name) => {
        const last = lastOf(rooms.get(name));
        const eventId = last?.answer?.eventId ?? last?.said.eventId;
        if (eventId !== undefined) await crowd.reads(userId(localpart), eventId);
      }),
    ),
  );
}

function namesOf(scenario: Scenario, audience: Audience): (userId: string) => string {
  const names = new Map<string, string>(
    scenario.people.map(({ localpart, description }) => [audience.userId(localpart), description]),
  );
  return (userId) => names.get(userId) ?? botName(userId);
}

/** Quotes enough for a newcomer to see what it is about, and not all of a long workshop. */
function quoter(scenario: Scenario, nameOf: (userId: string) => string, narrator: Narrator) {
  const short = scenario.steps.length <= 40;
  const seen = new Set<string>();
  let count = 0;
  return ({ step, said, answer }: Played) => {
    count += 1;
    const kind = `${step.room} ${isCommand(step) ? "command" : "remark"}`;
    const isFirst = !seen.has(kind);
    seen.add(kind);
    const refused = answer !== undefined && REFUSAL.test(answer.body);
    if (!short && count % 25 === 0) {
      narrator.progress(`${count} of ${scenario.steps.length} lines have been said.`);
    }
    if (!short && !isFirst && !refused && count !== scenario.steps.length) return;
    narrator.quote(step.room, nameOf(said.sender), said.body);
    if (answer !== undefined) narrator.quote(step.room, nameOf(answer.sender), answer.body);
  };
}

/** Answers worth showing: a mistyped command, or one that a role does not include. */
const REFUSAL = /did you mean|does not include|not bound/i;

function prefaceOf({ people, rooms }: Scenario, code: string): string {
  return `What the clients of ${people.length} simulated people decrypted in ${rooms.size} encrypted rooms of the case ${code}. People, facts and remarks are fictitious; times are those of the scenario.`;
}

function count(
  scenario: Scenario,
  audience: Audience,
  played: readonly Played[],
  readings: readonly Reading[],
): Omit<RunSummary, "files"> {
  const messages = audience.crowd.timeline.messages.filter(
    (message) => message.kind !== "reaction" && isOfScene(message),
  );
  return {
    people: scenario.people.length,
    rooms: scenario.rooms.size,
    messages: messages.length,
    commands: played.filter(({ step }) => isCommand(step)).length,
    answers: played.filter(({ answer }) => answer !== undefined).length,
    undecryptable: readings.reduce((sum, { undecryptable }) => sum + undecryptable.length, 0),
  };
}
