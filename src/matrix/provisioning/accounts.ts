import { MatrixError } from "matrix-bot-sdk";
import { RogatoryError } from "../../domain/errors.ts";
import type { DeviceId, UserId } from "../../domain/ids.ts";
import { path } from "../http.ts";
import { isPassing } from "../patience.ts";
import { administrationClient } from "./bot-sdk.ts";

export interface ProvisionedAccount {
  readonly homeserverUrl: string;
  readonly token: string;
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  readonly displayName: string;
}

/**
 * Makes a bot's account and device on the homeserver through the application service, without a
 * password or a login (MSC4190). What exists already stays as it is.
 *
 * @throws RogatoryError `provisioning.refused` or `provisioning.unreachable`
 */
export async function provisionAccount(account: ProvisionedAccount): Promise<void> {
  const { homeserverUrl, token, userId, deviceId } = account;
  const client = administrationClient(homeserverUrl, token, userId);
  try {
    const isNew = await register(client, userId);
    await client.doRequest("PUT", path`/_matrix/client/v3/devices/${deviceId}`, undefined, {
      display_name: "Rogatory",
    });
    if (isNew) await client.setDisplayName(account.displayName);
  } catch (error) {
    throw explain(error, userId);
  }
}

async function register(
  client: ReturnType<typeof administrationClient>,
  userId: UserId,
): Promise<boolean> {
  const [localpart = ""] = userId.slice(1).split(":");
  try {
    await client.doRequest("POST", "/_matrix/client/v3/register", undefined, {
      type: "m.login.application_service",
      username: localpart,
      inhibit_login: true,
    });
    return true;
  } catch (error) {
    if (error instanceof MatrixError && error.errcode === "M_USER_IN_USE") return false;
    throw error;
  }
}

function explain(cause: unknown, userId: UserId): RogatoryError {
  if (cause instanceof MatrixError && !isPassing(cause)) {
    return new RogatoryError(
      "provisioning.refused",
      `The homeserver refused to make or use the account ${userId} (${cause.errcode}): check that it has loaded Rogatory's registration file and that the account lies in its namespace.`,
      { cause },
    );
  }
  return new RogatoryError(
    "provisioning.unreachable",
    "The homeserver cannot be reached, or is too busy to answer: check homeserver.url in the configuration, and that it is running.",
    { cause },
  );
}
