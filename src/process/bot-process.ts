import type { Kysely } from "kysely";
import type { BotAccounts } from "../bots/bots.ts";
import type { BotName } from "../commands/command.ts";
import { loadCommands } from "../commands/registry.ts";
import type { Config } from "../config/config.ts";
import type { Database } from "../db/schema.ts";
import { InboxWorker } from "../delivery/inbox-worker.ts";
import { Sender } from "../delivery/sender.ts";
import type { UserId } from "../domain/ids.ts";
import { silenceGlobalLogger } from "../matrix/crypto/sdk-logger.ts";
import { createSqlIndexedDb, installIndexedDb } from "../matrix/indexeddb/index.ts";
import { prepareBotSdk } from "../matrix/provisioning/bot-sdk.ts";
import { readRegistration } from "../matrix/provisioning/registration.ts";
import { openSession } from "../matrix/session/open-session.ts";
import type { Session } from "../matrix/session/session.ts";
import type { Vault } from "../vault/vault.ts";
import type { Clock } from "./clock.ts";
import { describeForLog, type Log } from "./log.ts";
import { runSyncLoop } from "./sync-loop.ts";

export interface BotProcessOptions {
  readonly config: Config;
  readonly db: Kysely<Database>;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly log: Log;
  /** Something broke that only a restart heals: memory may be ahead of the database. */
  onFatal(error: unknown): void;
}

export interface BotProcess {
  /** Tells the senders that there is something in the outbox. */
  wakeSenders(): void;
  stop(): Promise<void>;
}

const displayNames: Readonly<Record<BotName, string>> = {
  registrar: "Registrar",
  clerk: "Clerk",
  scribe: "Scribe",
};

/** Starts all bots: resolves when every account has synced once and answers. */
export async function startBots(options: BotProcessOptions): Promise<BotProcess> {
  const { config, db, onFatal, log } = options;
  prepareBotSdk();
  silenceGlobalLogger();
  const store = createSqlIndexedDb({ db, onFatal });
  installIndexedDb(store.indexedDB);

  const registration = await readRegistration(config.homeserver.registrationFile);
  const commands = await loadCommands();
  const accounts: BotAccounts = config.bots;
  const ownAccounts = new Set<UserId>(Object.values(accounts));
  const running: RunningAccount[] = [];
  const wakeSenders = () => {
    for (const { sender } of running) sender.wake();
  };
  await Promise.all(
    [...ownAccounts].map(async (userId) => {
      const account = await startAccount(userId, {
        ...options,
        token: registration.as_token,
        accounts,
        ownAccounts,
        commands,
        wakeSenders,
      });
      running.push(account);
      log.info("account.ready", { account: userId });
    }),
  );
  return {
    wakeSenders,
    async stop() {
      await Promise.all(running.map((account) => account.stop()));
      await store.close();
    },
  };
}

interface AccountOptions extends BotProcessOptions {
  readonly token: string;
  readonly accounts: BotAccounts;
  readonly ownAccounts: ReadonlySet<UserId>;
  readonly commands: Awaited<ReturnType<typeof loadCommands>>;
  wakeSenders(): void;
}

interface RunningAccount {
  readonly sender: Sender;
  stop(): Promise<void>;
}

async function startAccount(userId: UserId, options: AccountOptions): Promise<RunningAccount> {
  const { config, clock, db, log, onFatal, vault, wakeSenders } = options;
  const now = () => clock.now();
  const inviters = new Set<UserId>([...options.ownAccounts, ...config.operators]);
  let inbox: InboxWorker | undefined;
  let sender: Sender | undefined;
  const session: Session = await openSession({
    db,
    vault,
    now,
    userId,
    homeserverUrl: config.homeserver.url,
    token: options.token,
    displayName: displayNameOf(userId, options.accounts),
    ownAccounts: options.ownAccounts,
    mayInvite: async (inviter) => inviters.has(inviter),
    onSynced({ replays }) {
      for (const { roomId } of replays)
        log.warn("message.replayed", { account: userId, room: roomId });
      inbox?.wake();
      sender?.wake();
    },
    log: (level, source) =>
      log[level === "error" ? "warn" : "debug"](`${source}.${level}`, { account: userId }),
  });
  const loop = runSyncLoop(session, { log, onFatal });
  await loop.firstSync;

  sender = new Sender({
    db,
    vault,
    session,
    now,
    onDone: wakeSenders,
    onFatal,
    onFailure: ({ step, code, final }) =>
      log[final ? "error" : "warn"]("step.failed", { account: userId, step, code, final }),
  });
  inbox = new InboxWorker({
    db,
    vault,
    session,
    now,
    commands: options.commands,
    accounts: options.accounts,
    requireSignedDevices: config.commands.requireSignedDevices,
    at: (originServerTs) => clock.at(originServerTs),
    onSteps: () => sender?.wake(),
    onUndecryptable: (room, code) =>
      log.warn("message.undecryptable", { account: userId, room, code }),
    onInternalError: (error, reference) =>
      log.error("command.failed", { ...describeForLog(error), reference }),
  });
  sender.start(onFatal);
  inbox.start(onFatal);
  return {
    sender,
    async stop() {
      await loop.stop();
      await inbox?.stop();
      await sender?.stop();
      session.crypto.stop();
    },
  };
}

function displayNameOf(userId: UserId, accounts: BotAccounts): string {
  const names = (["registrar", "clerk", "scribe"] as const).filter(
    (bot) => accounts[bot] === userId,
  );
  return names.length === 3 ? "Rogatory" : names.map((bot) => displayNames[bot]).join(" and ");
}
