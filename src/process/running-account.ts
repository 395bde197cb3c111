import type { Kysely } from "kysely";
import type { loadCommands } from "../commands/registry.ts";
import type { Config } from "../config/config.ts";
import type { Database } from "../db/schema.ts";
import { GapWorker } from "../delivery/gap-worker.ts";
import { InboxWorker } from "../delivery/inbox-worker.ts";
import { KeyWorker } from "../delivery/key-worker.ts";
import { Sender } from "../delivery/sender.ts";
import type { BotAccounts } from "../domain/case/bots.ts";
import type { RoomId, UserId } from "../domain/ids.ts";
import { openSession } from "../matrix/session/open-session.ts";
import type { Session } from "../matrix/session/session.ts";
import { membersArrived } from "../signals/member/joined.ts";
import type { Vault } from "../vault/vault.ts";
import { type BotAccount, displayNameOf, mayAccept } from "./bot-accounts.ts";
import type { Clock } from "./clock.ts";
import { completeInBackground } from "./complete-in-background.ts";
import { describeForLog, type Log } from "./log.ts";
import { describeBots } from "./management-desk.ts";
import type { Metrics } from "./metrics.ts";
import { runSyncLoop } from "./sync-loop.ts";

/** What all of the bots' process has in common. */
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

export interface AccountOptions extends BotProcessOptions {
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

/** One account with all that works for it. */
export interface RunningAccount {
  readonly session: Session;
  readonly inbox: InboxWorker;
  readonly gaps: GapWorker;
  readonly sender: Sender;
  stop(): Promise<void>;
}

/** Starts one account: resolves when it has synced once and answers. */
export async function startAccount(
  bot: BotAccount,
  options: AccountOptions,
): Promise<RunningAccount> {
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
