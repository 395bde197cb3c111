import type { Kysely } from "kysely";
import type { Config } from "../config/config.ts";
import { findAccount, readRecoveryKey } from "../db/repositories/accounts.ts";
import { appendToJournal } from "../db/repositories/journal.ts";
import type { Database } from "../db/schema.ts";
import { RogatoryError } from "../domain/errors.ts";
import type { UserId } from "../domain/ids.ts";
import type { Session } from "../matrix/session/session.ts";
import type { Vault } from "../vault/vault.ts";
import { botAccounts, isKnownPerson } from "./bot-accounts.ts";
import { describeAccount } from "./bot-status.ts";
import type { Operations } from "./operation-shapes.ts";
import { VerificationDesk } from "./verification-desk.ts";

export interface BotOperationsEnvironment {
  readonly config: Config;
  readonly db: Kysely<Database>;
  readonly vault: Vault;
  now(): Temporal.Instant;
  /** The session of an account that this process serves. */
  sessionOf(userId: UserId): Session | undefined;
}

type BotOperations = Pick<Operations, Extract<keyof Operations, `bot.${string}`>>;

/** The operations on the bots' own identities. */
export function bindBotOperations(environment: BotOperationsEnvironment): BotOperations {
  const { config, db, vault, now, sessionOf } = environment;
  const desk = new VerificationDesk({ isKnown: (userId) => isKnownPerson(db, config, userId) });
  return {
    "bot.status": async ({ bot }) => {
      const wanted = botAccounts(config.bots).filter(
        ({ bots }) => bot === undefined || bots.includes(bot),
      );
      return Promise.all(wanted.map((account) => describeAccount(account, environment)));
    },
    async "bot.recovery-key"({ bot, reason }) {
      const userId = config.bots[bot];
      const recoveryKey =
        (await findAccount(db, userId)) === undefined
          ? undefined
          : await readRecoveryKey(db, vault, userId);
      if (recoveryKey === undefined) {
        throw new RogatoryError(
          "recovery-key.none",
          `${userId} has no recovery key yet: it is made when the bots are started for the first time.`,
        );
      }
      // In the log before anybody sees it.
      await db.transaction().execute((transaction) =>
        appendToJournal(
          transaction,
          { vault },
          {
            at: now(),
            actor: "operator",
            caseId: undefined,
            act: "bot.recovery-key",
            details: { account: userId, reason },
          },
        ),
      );
      return { userId, recoveryKey };
    },
    async "bot.verify.start"({ bot, from }) {
      const userId = config.bots[bot];
      const session = sessionOf(userId);
      if (session === undefined) {
        throw new RogatoryError(
          "verification.not-running",
          "Only a bot that runs can be verified: start the bots with rogatory start, then repeat this.",
        );
      }
      return { userId, ticket: desk.start(session.crypto.verifications, from) };
    },
    async "bot.verify.next"({ ticket }) {
      const step = await desk.next(ticket);
      if (step.kind === "waiting" || step.kind === "requested") {
        return { kind: "waiting", emoji: [], decimals: [] };
      }
      const { userId, deviceId } = step.person;
      const compare = step.kind === "comparing" ? step.compare : undefined;
      return {
        kind: step.kind,
        person: { userId, ...(deviceId === undefined ? {} : { deviceId }) },
        emoji: [...(compare?.emoji ?? [])],
        decimals: [...(compare?.decimals ?? [])],
        ...(step.kind === "cancelled" ? { code: step.code, byUs: step.byUs } : {}),
      };
    },
    async "bot.verify.confirm"({ ticket }) {
      await desk.confirm(ticket);
      return {};
    },
    async "bot.verify.cancel"({ ticket, mismatch }) {
      await desk.cancel(ticket, { mismatch });
      return {};
    },
  };
}
