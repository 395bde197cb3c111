import { join, relative } from "node:path";
import { describeError } from "../domain/errors.ts";
import { type Deployment, endLeftDeployment, startDeployment } from "./demo/deployment.ts";
import { registerAccount } from "./homeserver/accounts.ts";
import { makeDirectory, writePrivateFile } from "./homeserver/disk.ts";
import { withExclusiveLock } from "./homeserver/exclusive-lock.ts";
import { DEFAULT_PORT } from "./homeserver/homeserver.ts";
import { claimPort } from "./homeserver/port.ts";
import { sampleCases } from "./playground/sample-cases.ts";
import { readState, type State, writeState } from "./playground/state.ts";
import { terminal } from "./terminal.ts";

// `npm start`: a homeserver with the bots on it, kept between runs, for one's own Matrix client.

const SERVER_NAME = "rogatory.localhost";
const USERS = ["leader", "member"];

const directory = join(process.cwd(), ".rogatory", "playground");
const statePath = join(directory, "playground.json");
const stops: (() => Promise<void>)[] = [];
const interruption = new AbortController();

async function run(): Promise<void> {
  const state = (await readState(statePath)) ?? {
    port: await claimPort(DEFAULT_PORT).catch(() => claimPort(0)),
    passwords: {},
    cases: {},
  };
  const deployment = await startDeployment({
    ...{ directory, serverName: SERVER_NAME, port: state.port },
    onProgress: (text) => terminal.progress(text),
    signal: interruption.signal,
  });
  stops.push(() => deployment.stop());
  await makeAccounts(deployment, state);
  terminal.progress("Starting the bots...");
  const bots = await deployment.startBots();
  stops.push(() => bots.stop());
  await makeCases(deployment, state);
  explain(deployment, state);
  throw await bots.broken;
}

/** Without keys of their own: the first client that logs in makes them, and asks for no recovery key. */
async function makeAccounts({ homeserver }: Deployment, state: State): Promise<void> {
  for (const localpart of USERS.filter((name) => state.passwords[name] === undefined)) {
    const { password } = await registerAccount(homeserver, { localpart });
    state.passwords[localpart] = password;
    await writeState(statePath, state);
  }
}

async function makeCases(deployment: Deployment, state: State): Promise<void> {
  for (const { id, yaml } of await sampleCases()) {
    if (state.cases[id] !== undefined) continue;
    const file = join(directory, `case-${id}.yaml`);
    await writePrivateFile(file, yaml);
    state.cases[id] = await deployment.createCase(file);
    await writeState(statePath, state);
  }
}

function explain({ homeserver }: Deployment, { passwords, cases }: State): void {
  terminal.heading("Rogatory runs on this machine");
  terminal.line(`Homeserver address   ${homeserver.url}`);
  for (const name of USERS) {
    terminal.line(`User name            ${name.padEnd(8)} password ${passwords[name] ?? ""}`);
  }
  terminal.line(`Sample cases         ${Object.values(cases).join(", ")}`);
  terminal.line();
  terminal.line("1. Open a Matrix client, for example Element, and choose to sign in.");
  terminal.line(
    "2. Change the homeserver to the address above, then enter a user name and password.",
  );
  terminal.line("3. Accept the invitations, open a room and type !help");
  terminal.line();
  terminal.line(
    "The bots act on devices that their owner has signed. Element does so when a new account signs in; if a bot refuses, open Settings, Encryption, and follow what it asks.",
  );
  terminal.line(
    "leader leads the joint investigation team and co-chairs the workshop; member may do less: try both.",
  );
  terminal.line(
    `Everything is kept in ${relative(process.cwd(), directory)} until you delete it. Ctrl-C stops it.`,
  );
}

/** Ends what was started, the last first, and what is only just starting. */
async function stopAll(): Promise<void> {
  for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) {
    await stop().catch(() => {});
  }
  await endLeftDeployment(directory).catch(() => {});
}

async function main(): Promise<number> {
  let started = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (interruption.signal.aborted) return;
      interruption.abort();
      terminal.line();
      terminal.line("Stopping...");
      void (started ? stopAll() : Promise.resolve()).then(() => process.exit(0));
    });
  }
  try {
    await makeDirectory(directory);
    const wait = () => terminal.line("Another one runs here already; this one follows it.");
    const start = () => {
      started = true;
      return run();
    };
    await withExclusiveLock(`${directory}.lock`, start, wait);
  } catch (error) {
    if (!interruption.signal.aborted) {
      terminal.error(`It could not be kept running: ${describeError(error)}`);
      if (started) await stopAll();
      return 1;
    }
  }
  // The handler of the signal ends the process when everything has ended.
  return new Promise<never>(() => {});
}

process.exit(await main());
