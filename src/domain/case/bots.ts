import { z } from "zod";
import type { UserId } from "../ids.ts";

/** Three bots share the secretarial work of a case. */
export const BotName = z.enum(["registrar", "clerk", "scribe"]);
export type BotName = z.infer<typeof BotName>;

/** Which Matrix account each bot speaks as. Several bots may share one. */
export type BotAccounts = Readonly<Record<BotName, UserId>>;
