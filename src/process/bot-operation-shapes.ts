import { z } from "zod";
import { UserId } from "../domain/ids.ts";
import { botNames } from "./bot-accounts.ts";

const Bot = z.enum(botNames);

const Ticket = z.strictObject({ ticket: z.string() });

/** What an operator can ask about the bots' identities; part of `operationShapes`. */
export const botOperationShapes = {
  /** Identity and keys of the bots' accounts: fingerprints, never secrets. */
  "bot.status": {
    params: z.strictObject({ bot: Bot.optional() }),
    result: z.array(
      z.object({
        bots: z.array(Bot),
        userId: z.string(),
        /** Absent until the account was first started. */
        deviceId: z.string().optional(),
        /** Whether this process serves the account; what only it can know is absent otherwise. */
        running: z.boolean(),
        cryptoStore: z.boolean(),
        ed25519: z.string().optional(),
        curve25519: z.string().optional(),
        crossSigning: z.object({ published: z.boolean(), deviceSigned: z.boolean() }).optional(),
        secretStorage: z.boolean().optional(),
        keyBackup: z
          .object({ version: z.string(), keys: z.number(), enabled: z.boolean().optional() })
          .optional(),
        withheld: z.array(
          z.object({ code: z.string(), roomId: z.string().optional(), count: z.number() }),
        ),
        undecryptable: z.array(z.object({ roomId: z.string(), count: z.number() })),
        /** Age of the last sync response in seconds. */
        lastSync: z.number().optional(),
        problems: z.array(z.object({ code: z.string(), message: z.string() })),
      }),
    ),
  },
  /** The recovery key of a bot, for safe keeping; the log says that it was shown. */
  "bot.recovery-key": {
    params: z.strictObject({ bot: Bot, reason: z.string().trim().min(1).max(500) }),
    result: z.object({ userId: z.string(), recoveryKey: z.string() }),
  },
  /** An operator waits to verify a bot with somebody: now the bot answers a request. */
  "bot.verify.start": {
    params: z.strictObject({ bot: Bot, from: UserId.optional() }),
    result: Ticket.extend({ userId: z.string() }),
  },
  /** How far it is. Who does not ask for half a minute is gone, and the verification is cancelled. */
  "bot.verify.next": {
    params: Ticket,
    result: z.object({
      kind: z.enum(["waiting", "accepted", "comparing", "confirmed", "done", "cancelled"]),
      /** Who verifies, once somebody does. */
      person: z.object({ userId: z.string(), deviceId: z.string().optional() }).optional(),
      emoji: z.array(z.object({ symbol: z.string(), name: z.string() })).default([]),
      decimals: z.array(z.number()).default([]),
      /** Why it was cancelled: `m.user`, `m.mismatched_sas`, `m.timeout`, ... */
      code: z.string().optional(),
      byUs: z.boolean().optional(),
    }),
  },
  "bot.verify.confirm": { params: Ticket, result: z.object({}) },
  /** `mismatch` says that the two sides did not show the same. */
  "bot.verify.cancel": {
    params: Ticket.extend({ mismatch: z.boolean() }),
    result: z.object({}),
  },
} as const;
