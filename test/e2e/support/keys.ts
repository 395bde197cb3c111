import { z } from "zod";
import type { Deployment } from "../../../src/dev/demo/deployment.ts";
import { registerAccount } from "../../../src/dev/homeserver/accounts.ts";

const Keys = z.object({
  device_keys: z.record(
    z.string(),
    z.record(z.string(), z.object({ keys: z.record(z.string(), z.string()) })),
  ),
});

/** The devices of the bots with their keys, as the homeserver hands them to everybody. */
export async function botDevices(
  { homeserver }: Deployment,
  asking: string,
): Promise<z.infer<typeof Keys>["device_keys"]> {
  const { accessToken } = await registerAccount(homeserver, { localpart: asking });
  const bots = ["registrar", "clerk", "scribe"].map(
    (name) => `@rogatory_${name}:${homeserver.serverName}`,
  );
  const response = await fetch(`${homeserver.url}/_matrix/client/v3/keys/query`, {
    method: "POST",
    headers: { authorization: `Bearer ${accessToken}` },
    body: JSON.stringify({ device_keys: Object.fromEntries(bots.map((bot) => [bot, []])) }),
  });
  return Keys.parse(await response.json()).device_keys;
}
