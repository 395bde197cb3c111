import { terminal } from "../src/dev/terminal.ts";
import type { IndexedDbFigures } from "./indexeddb.ts";
import type { ProvisioningFigures } from "./provisioning.ts";
import type { RoomFigures } from "./rooms.ts";
import type { RoundTripFigures } from "./round-trip.ts";
import type { SessionFigures } from "./sessions.ts";

export interface Results {
  readonly machine: {
    readonly cores: number;
    readonly processor: string;
    readonly memoryGigabytes: number;
    readonly node: string;
    readonly database: string;
    readonly synapse: string;
    readonly matrixJsSdk: string;
    readonly system: string;
    /** Processes that wanted a core in the minute before. */
    readonly load: number;
  };
  readonly date: string;
  /** Commit that was measured; with `+` if it was changed since. */
  readonly version: string;
  readonly rooms: number;
  readonly roundTrips?: readonly RoundTripFigures[];
  readonly manyRooms?: readonly RoomFigures[];
  readonly manySessions?: SessionFigures | undefined;
  readonly provisioning?: ProvisioningFigures;
  readonly stores?: readonly IndexedDbFigures[];
}

const targets = {
  roundTrip: 1.15,
  addedMegabytes: 60,
  restart: 0.1,
  sessions: 0.1,
  provisioningSeconds: 330,
};

export function printResults(results: Results): void {
  const { machine } = results;
  terminal.heading("Machine");
  terminal.line(
    `${machine.cores} cores (${machine.processor}), ${machine.memoryGigabytes} GB, load ${machine.load}, ${machine.system}, Node ${machine.node}, ${machine.database}, Synapse ${machine.synapse}, matrix-js-sdk ${machine.matrixJsSdk}`,
  );
  if (results.roundTrips !== undefined) printRoundTrips(results.roundTrips);
  if (results.manyRooms !== undefined) printRooms(results.rooms, results.manyRooms);
  if (results.manySessions !== undefined) printSessions(results.manySessions);
  if (results.provisioning !== undefined) printProvisioning(results.provisioning);
  if (results.stores !== undefined) printStores(results.stores);
}

function printRoundTrips(figures: readonly RoundTripFigures[]): void {
  terminal.heading("Round trip of a command, and commands per second with 20 under way");
  const [ours, reference] = figures;
  for (const { subject, medianMs, p95Ms, commandsPerSecond, unanswered } of figures) {
    const lost = unanswered === 0 ? "" : `, ${unanswered} unanswered`;
    terminal.line(
      `${subject.padEnd(34)} ${medianMs} ms (95 %: ${p95Ms} ms)   ${commandsPerSecond}/s${lost}`,
    );
  }
  if (ours === undefined || reference === undefined) return;
  const ratio = ours.medianMs / reference.medianMs;
  judge(
    ratio <= targets.roundTrip,
    `round trip ${ratio.toFixed(2)} times the bare echo bot (wanted: at most ${targets.roundTrip})`,
  );
  const rate = ours.commandsPerSecond / reference.commandsPerSecond;
  terminal.line(`        commands per second ${rate.toFixed(2)} times the bare echo bot`);
}

function printRooms(rooms: number, figures: readonly RoomFigures[]): void {
  terminal.heading(`One account in ${rooms} encrypted rooms`);
  for (const { first, ...row } of figures) {
    terminal.line(
      `${row.subject.padEnd(34)} ${row.idleMegabytes} MB idle, ${row.addedMegabytes} MB added; start ${row.idleStartSeconds} s idle, again ${row.restartSeconds} s`,
    );
    if (first === undefined) continue;
    terminal.line(
      `${"".padEnd(34)} its very first start there ${first.seconds} s, ${first.addedMegabytes} MB added`,
    );
  }
  const [ours, reference] = figures;
  if (ours === undefined || reference === undefined) return;
  judge(
    ours.addedMegabytes <= targets.addedMegabytes,
    `memory added ${ours.addedMegabytes} MB (wanted: at most ${targets.addedMegabytes} MB; matrix-js-sdk ${reference.addedMegabytes} MB)`,
  );
  const ratio = ours.restartSeconds / reference.restartSeconds;
  terminal.line(
    `        a command typed before the restart was answered ${ours.answerSeconds} s after its begin`,
  );
  judge(
    ratio <= targets.restart,
    `restart ${ratio.toFixed(2)} of matrix-js-sdk's, which syncs from nothing (wanted: at most ${targets.restart})`,
  );
}

function printSessions(figures: SessionFigures): void {
  terminal.heading(`${figures.sessions} room keys in the store`);
  terminal.line(
    `start ${figures.startSeconds} s, with them ${figures.startSecondsWith} s; memory ${figures.megabytes} MB, with them ${figures.megabytesWith} MB`,
  );
  const time = figures.startSecondsWith / figures.startSeconds - 1;
  const memory = figures.megabytesWith / figures.megabytes - 1;
  judge(time <= targets.sessions, `start-up time ${percent(time)} (wanted: below +10 %)`);
  judge(memory <= targets.sessions, `memory ${percent(memory)} (wanted: below +10 %)`);
}

function printProvisioning(figures: ProvisioningFigures): void {
  const { people, rooms, kills, seconds, bareSeconds, faults } = figures;
  terminal.heading(
    `A workshop of ${people} people in ${rooms} rooms, killed ${kills} times on the way`,
  );
  terminal.line(
    `everybody in their rooms after ${seconds} s, a bare script ${bareSeconds} s (${(seconds / bareSeconds).toFixed(2)} times)`,
  );
  judge(seconds <= targets.provisioningSeconds, "about five minutes");
  judge(faults.length === 0, `nothing missing, nothing doubled ${faults.join("; ")}`);
}

function printStores(figures: readonly IndexedDbFigures[]): void {
  terminal.heading("IndexedDB, transactions per second");
  for (const row of figures) {
    const write = (1000 / row.writesPerSecond).toFixed(2);
    terminal.line(
      `${row.name.padEnd(34)} ${Math.round(row.writesPerSecond)} writes (${write} ms), ${Math.round(row.tenRowWritesPerSecond)} of ten rows, ${Math.round(row.cachedReadsPerSecond)} cached reads, ${Math.round(row.readsPerSecond)} reads`,
    );
  }
}

function percent(share: number): string {
  return `${share < 0 ? "" : "+"}${(share * 100).toFixed(0)} %`;
}

function judge(reached: boolean, text: string): void {
  terminal.item(reached ? "ok" : "failed", text);
}
