import type { Kysely } from "kysely";
import { loadCommands } from "../commands/registry.ts";
import type { Config } from "../config/config.ts";
import { useOwnTemplates } from "../config/room-template.ts";
import { areCryptoTablesLost } from "../db/repositories/crypto-tables.ts";
import type { Database } from "../db/schema.ts";
import { GapWorker } from "../delivery/gap-worker.ts";
import { GuardWorker } from "../delivery/guard-worker.ts";
import { InboxWorker } from "../delivery/inbox-worker.ts";
import { KeyWorker } from "../delivery/key-worker.ts";
import { ProgressWorker } from "../delivery/progress-worker.ts";
import { Sender } from "../delivery/sender.ts";
import { TimerWorker } from "../delivery/timer-worker.ts";
import type { BotAccounts } from "../domain/case/bots.ts";
import { RogatoryError } from "../domain/errors.ts";
import type { CaseId, RoomId, UserId } from "../domain/ids.ts";
import { silenceGlobalLogger } from "../matrix/crypto/sdk-logger.ts";
import { createSqlIndexedDb, installIndexedDb } from "../matrix/indexeddb/index.ts";
import { readRegistration } from "../matrix/provisioning/registration.ts";
import { openSession } from "../matrix/session/open-session.ts";
import type { Session } from "../matrix/session/session.ts";
import { scheduleLogEnd } from "../services/log/post-end.ts";
import { ensureManagement } from "../services/management/ensure-room.ts";
import { membersArrived } from "../signals/member/joined.ts";
import { loadTimers } from "../timers/registry.ts";
import type { Vault } from "../vault/vault.ts";
import { type BotAccount, botAccounts, displayNameOf, mayAccept } from "./bot-accounts.ts";
import type { Clock } from "./clock.ts";
import { completeInBackground } from "./complete-in-background.ts";
import { CryptoStoreError } from "./errors.ts";
import { describeForLog, type Log } from "./log.ts";
import { describeBots } from "./management-desk.ts";
import type { Metrics } from "./metrics.ts";
import { runSyncLoop } from "./sync-loop.ts";
import { Watch } from "./watch.ts";

export interface BotProcessOptions {
  readonly config: Config;
  readonly db: Kysely<Database>;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics?: Metrics | undefined;
  /** Something broke that only a restart heals: memory may be ahead of the database. */
  onFatal(error: unknown): void;
}

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

interface AccountOptions extends BotProcessOptions {
  readonly token: string;
  readonly accounts: BotAccounts;
  readonly ownAccounts: ReadonlySet<UserId>;
  readonly commands: ReturnType<typeof loadCommands>;
  wakeSenders(): void;
  onStepDone(): void;
  sessionOf(userId: UserId): Session | undefined;
  onRoomsChanged(rooms: readonly RoomId[]): void;
  /** A step became a dead letter. */
  onGivenUp(): void;
  /** A repair of the guard was carried out or given up. */
  onRepairEnded(): void;
  /** Before a command is judged that was said then. */
  beforeCommand(said: Temporal.Instant): Promise<void>;
}

interface RunningAccount {
  readonly session: Session;
  readonly inbox: InboxWorker;
  readonly gaps: GapWorker;
  readonly sender: Sender;
  stop(): Promise<void>;
}

async function startAccount(bot: BotAccount, options: AccountOptions): Promise<RunningAccount> {
  const { userId } = bot;
  const { config, clock, db, log, metrics, onFatal, vault, wakeSenders } = options;
  const now = () => clock.now();
  let hasArrivals = false;
  let inbox: InboxWorker | undefined;
  let sender: Sender | undefined;
  let gaps: GapWorker | undefined;
  const noteMalformed = (parts: number) => {
    if (parts === 0) return;
    metrics?.malformed(userId, parts);
    log.warn("sync.malformed", { account: userId, parts });
  };
  const { session, complete } = await openSession({
    db,
    vault,
    now,
    userId,
    homeserverUrl: config.homeserver.url,
    token: options.token,
    displayName: displayNameOf(bot),
    bot: bot.bots[0],
    ownAccounts: options.ownAccounts,
    mayAccept: (invitation) => mayAccept(db, config, invitation),
    guards: userId === options.accounts.registrar,
    async onArrivals(transaction, arrivals) {
      await membersArrived(transaction, { vault, bots: options.accounts, now: now() }, arrivals);
      hasArrivals = true;
    },
    onSynced({ changed, hasMessages, hasChanges, malformed, lostGaps, hasGaps }) {
      if (userId === options.accounts.registrar) options.onRoomsChanged(changed);
      metrics?.synced(userId);
      log.debug("sync.kept", { account: userId, rooms: changed.length, hasMessages });
      noteMalformed(malformed);
      for (const room of lostGaps) {
        metrics?.gapLost(userId, room);
        log.warn("gap.lost", { account: userId, room, code: "no-start" });
      }
      if (hasGaps) gaps?.wake();
      if (hasMessages) inbox?.wake();
      // The registrar welcomes people, whichever account has heard of them first.
      if (hasArrivals) wakeSenders();
      else if (hasChanges) sender?.wake();
      hasArrivals = false;
    },
    log: (level, source) =>
      log[level === "error" ? "warn" : "debug"](`${source}.${level}`, { account: userId }),
  });
  // Before the first response, which may bring keys already.
  const keys = new KeyWorker({
    ...{ db, account: userId, crypto: session.crypto },
    onRetry: () => inbox?.wake(),
  });
  keys.start(onFatal);
  const loop = runSyncLoop(session, { log, onFatal });
  await loop.firstSync;

  sender = new Sender({
    db,
    vault,
    session,
    now,
    onDone: options.onStepDone,
    onSent(step) {
      metrics?.sent(userId, step);
      log.debug("step.done", { account: userId, step });
      if (step.startsWith("follow-")) options.onRepairEnded();
    },
    onFatal,
    onFailure({ step, code, final }) {
      metrics?.failed(userId, code, final);
      log[final ? "error" : "warn"]("step.failed", { account: userId, step, code, final });
      if (final) options.onGivenUp();
      if (final && (step.startsWith("follow-") || step === "repair-state")) {
        options.onRepairEnded();
      }
    },
  });
  inbox = new InboxWorker({
    db,
    vault,
    session,
    now,
    commands: await options.commands,
    accounts: options.accounts,
    requireSignedDevices: config.commands.requireSignedDevices,
    localPeople: config.rooms.localPeople,
    operators: config.operators,
    at: (originServerTs) => clock.at(originServerTs),
    ...(userId === options.accounts.registrar
      ? {
          desk: {
            ...{ db, vault, now, registrar: userId, operators: config.operators },
            requireSignedDevices: config.commands.requireSignedDevices,
            describeBots: () =>
              describeBots({ config, db, vault, now, sessionOf: options.sessionOf }),
          },
        }
      : {}),
    beforeCommand: options.beforeCommand,
    onSteps: () => sender?.wake(),
    onReplayed(room) {
      log.warn("message.replayed", { account: userId, room });
      // The registrar reports it.
      wakeSenders();
    },
    onParked(room, error) {
      log.error("message.parked", { account: userId, room, ...describeForLog(error) });
      wakeSenders();
    },
    onPutOff: (error) => log.warn("inbox.put-off", { account: userId, ...describeForLog(error) }),
    onUndecryptable(room, code) {
      metrics?.undecryptable(userId, room);
      log.warn("message.undecryptable", { account: userId, room, code });
    },
    onInternalError: (error, reference) =>
      log.error("command.failed", { ...describeForLog(error), reference }),
  });
  gaps = new GapWorker({
    ...{ db, session, now, ownAccounts: options.ownAccounts },
    onFetched({ malformed }) {
      noteMalformed(malformed);
      inbox?.wake();
    },
    onFailure({ room, code, final }) {
      log.warn(final ? "gap.lost" : "gap.failed", { account: userId, room, code });
      // Those that come after the gap do not wait for ever.
      inbox?.wake();
      if (!final) return;
      metrics?.gapLost(userId, room);
      options.onGivenUp();
    },
  });
  sender.start(onFatal);
  inbox.start(onFatal);
  gaps.start(onFatal);
  const completion = completeInBackground(complete, onFatal);
  return {
    session,
    inbox,
    sender,
    gaps,
    async stop() {
      await loop.stop();
      await gaps?.stop();
      await keys.stop();
      await completion.stop();
      await inbox?.stop();
      await sender?.stop();
      await session.crypto.stop();
    },
  };
}
