import { z } from "zod";
import { DeviceId, UserId } from "../../domain/ids.ts";
import type { SigningKeys } from "../crypto/identity.ts";
import { type AccountHttp, HomeserverError, path } from "../http.ts";

/** What everybody sees of an account. */
export interface PublishedIdentity {
  /** Undefined while the device has published no keys. */
  readonly device: { readonly ed25519: string; readonly curve25519: string } | undefined;
  readonly master: string | undefined;
  readonly selfSigning: string | undefined;
  /** The device's keys carry a signature by the self-signing key. */
  readonly deviceSigned: boolean;
}

const Keys = z.record(z.string(), z.string());
const SigningKey = z.object({ keys: Keys });
const PublishedKeys = z.object({
  device_keys: z
    .record(
      UserId,
      z.record(
        DeviceId,
        z.object({ keys: Keys, signatures: z.record(z.string(), Keys).default({}) }),
      ),
    )
    .default({}),
  master_keys: z.record(UserId, SigningKey).default({}),
  self_signing_keys: z.record(UserId, SigningKey).default({}),
});

/** Response of `POST /keys/query` ("Key management API"), for one account and device. */
export async function readPublishedIdentity(
  http: AccountHttp,
  userId: UserId,
  deviceId: DeviceId,
): Promise<PublishedIdentity> {
  const found = await http.json("POST", "/_matrix/client/v3/keys/query", PublishedKeys, {
    body: { device_keys: { [userId]: [deviceId] } },
  });
  const device = found.device_keys[userId]?.[deviceId];
  const ed25519 = device?.keys[`ed25519:${deviceId}`];
  const curve25519 = device?.keys[`curve25519:${deviceId}`];
  const selfSigning = onlyKey(found.self_signing_keys[userId]);
  return {
    device: ed25519 === undefined || curve25519 === undefined ? undefined : { ed25519, curve25519 },
    master: onlyKey(found.master_keys[userId]),
    selfSigning,
    deviceSigned: device?.signatures[userId]?.[`ed25519:${selfSigning}`] !== undefined,
  };
}

/** A signing key is an object with one entry, `ed25519:KEY` to `KEY`. */
function onlyKey(key: z.infer<typeof SigningKey> | undefined): string | undefined {
  return Object.values(key?.keys ?? {})[0];
}

const WhoAmI = z.object({ user_id: UserId, device_id: DeviceId.optional() });

export function whoAmI(http: AccountHttp): Promise<z.infer<typeof WhoAmI>> {
  return http.json("GET", "/_matrix/client/v3/account/whoami", WhoAmI);
}

const BackupVersion = z.object({ version: z.string(), count: z.number().default(0) });

/** The key backup of the account; undefined if the homeserver says that there is none. */
export async function readBackupVersion(
  http: AccountHttp,
): Promise<z.infer<typeof BackupVersion> | undefined> {
  try {
    return await http.json("GET", "/_matrix/client/v3/room_keys/version", BackupVersion);
  } catch (error) {
    if (error instanceof HomeserverError && error.errcode === "M_NOT_FOUND") return undefined;
    throw error;
  }
}

const Nothing = z.object({});

/** Publishes an identity. The same again changes nothing. */
export async function publishSigningKeys(http: AccountHttp, keys: SigningKeys): Promise<void> {
  await http.json("POST", "/_matrix/client/v3/keys/device_signing/upload", Nothing, { body: keys });
}

const Devices = z.object({ devices: z.array(z.object({ device_id: DeviceId })) });

/** All devices of the account that the homeserver knows. */
export async function listDevices(http: AccountHttp): Promise<readonly DeviceId[]> {
  const { devices } = await http.json("GET", "/_matrix/client/v3/devices", Devices);
  return devices.map((device) => device.device_id);
}

/** Takes every other device of the account off the homeserver (MSC4190: without authentication). */
export async function deleteOtherDevices(
  http: AccountHttp,
  keep: DeviceId,
): Promise<readonly DeviceId[]> {
  const others = (await listDevices(http)).filter((id) => id !== keep);
  for (const deviceId of others) {
    await http.json("DELETE", path`/_matrix/client/v3/devices/${deviceId}`, Nothing);
  }
  return others;
}
