import { loadCommands } from "../commands/registry.ts";
import { useOwnTemplates } from "../config/room-template.ts";
import { areCryptoTablesLost } from "../db/repositories/crypto-tables.ts";
import { GuardWorker } from "../delivery/guard-worker.ts";
import { ProgressWorker } from "../delivery/progress-worker.ts";
import { TimerWorker } from "../delivery/timer-worker.ts";
import type { BotAccounts } from "../domain/case/bots.ts";
import { RogatoryError } from "../domain/errors.ts";
import type { CaseId, UserId } from "../domain/ids.ts";
import { silenceGlobalLogger } from "../matrix/crypto/sdk-logger.ts";
import { createSqlIndexedDb, installIndexedDb } from "../matrix/indexeddb/index.ts";
import { readRegistration } from "../matrix/provisioning/registration.ts";
import type { Session } from "../matrix/session/session.ts";
import { scheduleLogEnd } from "../services/log/post-end.ts";
import { ensureManagement } from "../services/management/ensure-room.ts";
import { loadTimers } from "../timers/registry.ts";
import { botAccounts } from "./bot-accounts.ts";
import { CryptoStoreError } from "./errors.ts";
import { describeForLog } from "./log.ts";
import { type BotProcessOptions, type RunningAccount, startAccount } from "./running-account.ts";
import { Watch } from "./watch.ts";

export interface BotProcess {
  /** Tells the senders that there is something in the outbox. */
  wakeSenders(): void;
  /** Looks for what is due: timers, unreadable messages, and steps that others have added. */
  tick(): void;
  sessionOf(userId: UserId): Session | undefined;
  /**
   * Asks the homeserver about all rooms of some cases, and does about it what is to be done; about all
   * rooms, the operators' too, if none is named.
   */
  checkCases(cases?: readonly CaseId[]): Promise<void>;
  stop(): Promise<void>;
}

/** Starts all bots: resolves when every account has synced once and answers. */
export async function startBots(options: BotProcessOptions): Promise<BotProcess> {
  const { config, db, onFatal, log } = options;
  if (await areCryptoTablesLost(db)) {
    throw new RogatoryError(
      "identity.store-lost",
      "The tables of the crypto stores are gone from the database. Restore the database, or recover each bot: rogatory bot recover registrar, then the others.",
    );
  }
  useOwnTemplates(config.rooms.templates);
  silenceGlobalLogger();
  const store = createSqlIndexedDb({
    db,
    onFatal: (cause) => onFatal(new CryptoStoreError("the crypto store failed", { cause })),
  });
  installIndexedDb(store.indexedDB);

  await db.transaction().execute(async (transaction) => {
    const work = { db: transaction, vault: options.vault, now: options.clock.now() };
    await ensureManagement(work, config.bots.registrar, config.operators);
    await scheduleLogEnd(work, config.operators.length > 0 && config.operatorsRoom.dailyLogEnd);
  });
  const registration = await readRegistration(config.homeserver.registrationFile);
  // Needed when the accounts have synced; they are loaded while the homeserver answers.
  const commands = loadCommands();
  commands.catch(() => {});
  const accounts: BotAccounts = config.bots;
  const ownAccounts = new Set<UserId>(Object.values(accounts));
  const running: RunningAccount[] = [];
  const sessionOf = (userId: UserId) =>
    running.find(({ session }) => session.userId === userId)?.session;
  let guard: GuardWorker | undefined;
  let watch: Watch | undefined;
  const wakeSenders = () => {
    for (const { sender } of running) sender.wake();
  };
  const now = () => options.clock.now();
  const progress = new ProgressWorker({ db, vault: options.vault, now, onSteps: wakeSenders });
  progress.start(onFatal);
  const timers = new TimerWorker({
    db,
    vault: options.vault,
    accounts,
    timers: await loadTimers(),
    now,
    onSteps: wakeSenders,
    onFailure: (kind, error) => log.error("timer.failed", { kind, ...describeForLog(error) }),
  });
  let isCaughtUp = false;
  const started = await Promise.allSettled(
    botAccounts(accounts).map(async (bot) => {
      const { userId } = bot;
      const account = await startAccount(bot, {
        ...options,
        token: registration.as_token,
        accounts,
        ownAccounts,
        commands,
        wakeSenders,
        onStepDone() {
          wakeSenders();
          progress.wake();
        },
        sessionOf,
        onRoomsChanged: (rooms) => guard?.roomsChanged(rooms),
        onRepairEnded: () => guard?.recheck(),
        onGivenUp: () => watch?.wake(),
        beforeCommand: (said) => timers.fireUntil(said),
      });
      running.push(account);
      log.info("account.ready", { account: userId });
    }),
  );
  const failure = started.find((result) => result.status === "rejected");
  if (failure !== undefined) {
    await progress.stop();
    await Promise.all(running.map((account) => account.stop()));
    await store.close();
    throw failure.reason;
  }
  // What was said in time, while no process ran, comes before what is due since.
  const caughtUp = Promise.all(running.map(({ inbox }) => inbox.caughtUp)).then(() => {
    isCaughtUp = true;
    timers.start(onFatal);
  });
  caughtUp.catch(onFatal);
  const registrar = sessionOf(accounts.registrar);
  if (registrar === undefined) throw new TypeError("the registrar's account does not run");
  const { vault } = options;
  const watching = new GuardWorker({
    ...{ db, vault, accounts, now, session: registrar, onSteps: wakeSenders },
    onFailure: (error) => log.error("guard.failed", describeForLog(error)),
  });
  guard = watching;
  watching.start(onFatal);
  const watcher = new Watch({
    ...{ db, vault, now, registrar: accounts.registrar, onSteps: wakeSenders },
    onFailure: (error) => log.error("watch.failed", describeForLog(error)),
    accounts: () =>
      running.map(({ session }) => ({ userId: session.userId, lastSync: session.lastSync })),
  });
  watch = watcher;
  watcher.start(onFatal);
  return {
    wakeSenders,
    sessionOf,
    checkCases: (cases) => watching.lookAtCases(cases),
    tick() {
      if (isCaughtUp) timers.wake();
      progress.wake();
      watcher.wake();
      for (const { inbox, sender, gaps } of running) {
        gaps.wake();
        inbox.wake();
        sender.wake();
      }
    },
    async stop() {
      await timers.stop();
      await progress.stop();
      await watching.stop();
      await watcher.stop();
      await Promise.all(running.map((account) => account.stop()));
      await store.close();
    },
  };
}
