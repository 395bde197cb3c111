import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import { describeError, RogatoryError } from "../../domain/errors.ts";
import { terminal } from "../terminal.ts";
import type { FarOutageDone } from "./far-outage.ts";
import { readOptions } from "./options.ts";
import { type ChaosResults, runChaos } from "./run.ts";

// npm run chaos: everything breaks while people talk to the bots; nothing may be lost or doubled.

const labels: Readonly<Record<keyof ChaosResults["tally"], string>> = {
  commands: "commands that people sent",
  effects: "of them with an effect",
  lostEffects: "effects lost",
  doubledEffects: "effects doubled",
  strangeEffects: "effects that nobody asked for",
  unanswered: "commands without an answer",
  doublyAnswered: "commands with more than one answer",
  unread: "answers that somebody did not get",
  undecryptable: "events that somebody could not decrypt",
  deadSteps: "steps given up",
  unfinishedSteps: "steps left undone",
  unhandledEvents: "events left unhandled",
};

function print(results: ChaosResults, kept: string | undefined): void {
  const { faults, requests, tally, options } = results;
  const rows: readonly (readonly [string, string | number])[] = [
    ["seed", options.seed],
    ["database", options.database],
    ["SIGKILL at a random instant", faults.killsAtRandom],
    ["SIGKILL in the middle of a message", faults.killsInMessage],
    ["homeserver stopped and started", faults.homeserverRestarts],
    ["database cut off", `${faults.databaseCuts} times, ${faults.connectionsCut} connections`],
    ...(faults.farOutage === undefined ? [] : describeOutage(faults.farOutage)),
    ["requests of the bots", requests.requests],
    ["  answered 429", requests.limited],
    ["  lost on the way", requests.lostRequest],
    ["  done, the answer lost", requests.lostAnswer],
    ["ends of the bots' process", describeEnds(results.ends)],
    ["settled after the last fault", `${results.settleSeconds} s`],
  ];
  terminal.heading("What was done");
  for (const [name, value] of rows) terminal.line(`${name.padEnd(42)} ${value}`);
  terminal.heading("What became of it");
  for (const [name, value] of Object.entries(labels)) {
    const number = new Map(Object.entries(tally)).get(name) ?? 0;
    const mustBeZero = name !== "commands" && name !== "effects";
    const text = `${value.padEnd(40)} ${number}`;
    terminal.item(mustBeZero && number > 0 ? "failed" : "ok", text);
  }
  if (!results.flawless) terminal.line("Something is wrong.");
  if (kept !== undefined) terminal.line(`What the run wrote is kept in ${kept}`);
}

function describeOutage(done: FarOutageDone): readonly (readonly [string, string])[] {
  const { seconds, missed, catchUpSeconds } = done;
  return [
    ["second homeserver away", `${seconds} s, while ${missed} messages were said`],
    ["  read there after it was back", catchUpSeconds === undefined ? "no" : `${catchUpSeconds} s`],
  ];
}

function describeEnds(ends: Readonly<Record<string, number>>): string {
  return Object.entries(ends)
    .map(([how, times]) => `${times} × ${how}`)
    .join(", ");
}

try {
  const options = readOptions(process.argv.slice(2));
  const home = join(process.cwd(), ".rogatory", "chaos");
  await mkdir(home, { recursive: true, mode: 0o700 });
  const folder = join(home, `run-${options.seed}`);
  const results = await runChaos(options, folder, (text) => terminal.progress(text));
  await writeFile(join(home, "chaos-results.json"), `${JSON.stringify(results, undefined, 2)}\n`);
  print(results, results.flawless && !options.keep ? undefined : folder);
  process.exitCode = results.flawless ? 0 : 1;
} catch (error) {
  terminal.error(error instanceof RogatoryError ? describeError(error) : inspect(error));
  process.exitCode = 1;
}
