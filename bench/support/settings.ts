import { z } from "zod";
import { DeviceId, UserId } from "../../src/domain/ids.ts";

/** What a bare bot is told, through the environment: never on a command line, it holds a token. */
export const BareSettings = z.strictObject({
  url: z.url(),
  /** Token of the application service. */
  token: z.string().min(1),
  userId: UserId,
  deviceId: DeviceId,
});
export type BareSettings = z.output<typeof BareSettings>;

export const settingsVariable = "ROGATORY_BENCH_SUBJECT";
export const bareReadyLine = "ready";

export function readSettings(): BareSettings {
  return BareSettings.parse(JSON.parse(process.env[settingsVariable] ?? "null"));
}
