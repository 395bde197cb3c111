import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { describeError } from "../../domain/errors.ts";
import { makeDirectory } from "../homeserver/disk.ts";
import { withExclusiveLock } from "../homeserver/exclusive-lock.ts";
import { terminal } from "../terminal.ts";
import { endLeftDeployment } from "./deployment.ts";
import { type Narrator, type RunSummary, runScenario } from "./run-scenario.ts";
import { loadScenario } from "./scenario.ts";

// `npm run demo`: both scenarios, each on a fresh homeserver, told line by line.

const SCENARIOS = ["nightjar", "thb-focus-group-4"];

const root = join(process.cwd(), ".rogatory", "demo");
const output = join(process.cwd(), "out");
const began = performance.now();
const interruption = new AbortController();
const stops: (() => Promise<void>)[] = [];
const directory = join(root, randomBytes(3).toString("hex"));

const narrator: Narrator = {
  tell(text) {
    if (!interruption.signal.aborted) terminal.line(`${clock()}  ${text}`);
  },
  progress: (text) => terminal.progress(`${clock()}  ${text}`),
  quote(room, name, text) {
    const [line = ""] = text.split("\n");
    terminal.line(`${clock()}    [${room}] ${name}: ${shorten(line)}`);
  },
};

function clock(): string {
  const seconds = Math.floor((performance.now() - began) / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function shorten(text: string): string {
  return text.length <= 130 ? text : `${text.slice(0, 127).trimEnd()}...`;
}

/** Ends what was started, the last first. */
async function stopAll(): Promise<void> {
  for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) {
    await stop().catch(() => {});
  }
}

/** The same in the middle of a run: what is only just starting has not been noted yet. */
async function abandon(): Promise<void> {
  await stopAll();
  for (const id of SCENARIOS) await endLeftDeployment(join(directory, id)).catch(() => {});
}

/** What earlier runs left: they may have been interrupted, so whatever still runs is ended first. */
async function removeEarlierRuns(): Promise<void> {
  if (!existsSync(root)) return;
  for (const run of await readdir(root)) {
    for (const scenario of await readdir(join(root, run))) {
      await endLeftDeployment(join(root, run, scenario));
    }
    await rm(join(root, run), { recursive: true, force: true });
  }
}

async function demonstrate(): Promise<void> {
  const summaries: RunSummary[] = [];
  for (const id of SCENARIOS) {
    const scenario = await loadScenario(id);
    terminal.heading(TITLES[id] ?? scenario.caseName);
    const summary = await runScenario(scenario, {
      directory: join(directory, id),
      outputDirectory: join(output, id),
      narrator,
      onStarted: (stop) => stops.push(stop),
      signal: interruption.signal,
    });
    await stopAll();
    summaries.push(summary);
    narrator.tell(summarise(summary));
  }
  conclude(summaries);
}

const TITLES: Readonly<Record<string, string>> = {
  nightjar: "1. A joint investigation team: JIT NIGHTJAR, 1 December 2026",
  "thb-focus-group-4": "2. A workshop: 4th meeting of the THB Focus Group",
};

function summarise(summary: RunSummary): string {
  const { people, rooms, messages, commands, answers, undecryptable } = summary;
  return `${people} people, ${rooms} rooms, ${messages} messages, ${commands} commands, ${answers} answers, ${undecryptable} undecryptable.`;
}

function conclude(summaries: readonly RunSummary[]): void {
  terminal.heading("What came of it");
  for (const path of summaries.flatMap(({ files }) => files)) {
    terminal.item("ok", relative(process.cwd(), path));
  }
  terminal.line();
  terminal.line("Next: npm start keeps such a system running for your own Matrix client.");
  terminal.line("README.md tells the rest.");
}

async function main(): Promise<number> {
  terminal.line("Two fictitious cases on a real homeserver, with real end-to-end encryption.");
  try {
    await makeDirectory(root);
    const wait = () => narrator.tell("Another demonstration runs here; this one follows.");
    await withExclusiveLock(
      `${root}.lock`,
      async () => {
        await removeEarlierRuns();
        await demonstrate();
      },
      wait,
    );
    return 0;
  } catch (error) {
    // Whoever interrupted it is told so, and not of what broke by it.
    if (interruption.signal.aborted) return new Promise<never>(() => {});
    await abandon();
    terminal.error(`The demonstration failed: ${describeError(error)}`);
    terminal.error(`Logs are in ${relative(process.cwd(), directory)}.`);
    return 1;
  }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (interruption.signal.aborted) return;
    interruption.abort();
    terminal.line();
    terminal.line("Stopping...");
    void abandon().then(() => process.exit(130));
  });
}

process.exit(await main());
