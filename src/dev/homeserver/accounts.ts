import { createHmac, randomBytes } from "node:crypto";
import { z } from "zod";
import { RogatoryError } from "../../domain/errors.ts";
import { DeviceId, UserId } from "../../domain/ids.ts";
import type { Homeserver } from "./homeserver.ts";

type Address = Pick<Homeserver, "url" | "registrationSharedSecret">;

export interface AccountWish {
  readonly localpart: string;
  readonly displayName?: string;
  readonly admin?: boolean;
}

export interface Account {
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  readonly accessToken: string;
  readonly password: string;
}

const Nonce = z.object({ nonce: z.string().min(1) });
const Registered = z.object({
  user_id: UserId,
  device_id: DeviceId,
  access_token: z.string().min(1),
});
const Refusal = z.object({ errcode: z.string(), error: z.string() });

/**
 * Registers a person with the shared secret. The device comes with the registration: logging in
 * instead would spend the login rate limit, five in a row and then one in five minutes.
 */
export async function registerAccount(homeserver: Address, wish: AccountWish): Promise<Account> {
  const path = "/_synapse/admin/v1/register";
  const { nonce } = Nonce.parse(await request(homeserver.url, path));
  const password = randomBytes(18).toString("base64url");
  const admin = wish.admin ?? false;
  const mac = createHmac("sha1", homeserver.registrationSharedSecret)
    .update([nonce, wish.localpart, password, admin ? "admin" : "notadmin"].join("\0"))
    .digest("hex");
  const answer = await request(homeserver.url, path, {
    ...{ nonce, password, admin, mac, username: wish.localpart },
    ...(wish.displayName === undefined ? {} : { displayname: wish.displayName }),
  });
  const { user_id, device_id, access_token } = Registered.parse(answer);
  return { userId: user_id, deviceId: device_id, accessToken: access_token, password };
}

/**
 * Frees a local user from every limit that is counted per requester. A zero is what does it; other
 * numbers would only change how fast messages may be sent.
 */
export async function liftRateLimit(
  homeserver: Pick<Homeserver, "url">,
  adminToken: string,
  userId: string,
): Promise<void> {
  await request(
    homeserver.url,
    `/_synapse/admin/v1/users/${encodeURIComponent(userId)}/override_ratelimit`,
    { messages_per_second: 0, burst_count: 0 },
    adminToken,
  );
}

async function request(
  url: string,
  path: string,
  body?: Readonly<Record<string, unknown>>,
  token?: string,
): Promise<unknown> {
  const response = await fetch(`${url}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer: unknown = await response.json();
  if (response.ok) return answer;
  const refusal = Refusal.safeParse(answer).data;
  throw new RogatoryError(
    "homeserver-refused",
    `The homeserver refused (${response.status} ${refusal?.errcode ?? ""}): ${refusal?.error ?? "no reason given"}`,
  );
}
