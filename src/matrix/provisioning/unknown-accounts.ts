import { z } from "zod";
import type { UserId } from "../../domain/ids.ts";
import { type AccountHttp, HomeserverError, path, UnreachableError } from "../http.ts";

/** So many questions at a time: a roster has up to a thousand people. */
const LANES = 10;
const PATIENCE_MS = 10_000;

/**
 * Asks a homeserver which of these Matrix ids of its own are no account, by their profiles: whoever
 * registers has one.
 *
 * @returns undefined if it cannot be asked, or shows profiles to nobody but those who share a room
 */
export async function findUnknownAccounts(
  http: Pick<AccountHttp, "json">,
  userIds: readonly UserId[],
): Promise<readonly UserId[] | undefined> {
  const unknown = new Set<UserId>();
  const waiting = userIds.values();
  const askOneByOne = async () => {
    for (const userId of waiting) {
      if (!(await isAccount(http, userId))) unknown.add(userId);
    }
  };
  try {
    await Promise.all(Array.from({ length: LANES }, askOneByOne));
  } catch (error) {
    if (error instanceof HomeserverError || error instanceof UnreachableError) return undefined;
    throw error;
  }
  return userIds.filter((userId) => unknown.has(userId));
}

async function isAccount(http: Pick<AccountHttp, "json">, userId: UserId): Promise<boolean> {
  try {
    await http.json("GET", path`/_matrix/client/v3/profile/${userId}`, z.unknown(), {
      timeoutMs: PATIENCE_MS,
    });
    return true;
  } catch (error) {
    // M_NOT_FOUND by the specification; Synapse says M_UNKNOWN. A proxy's 404 is no answer of Matrix.
    const codes = ["M_NOT_FOUND", "M_UNKNOWN"];
    const isMissing =
      error instanceof HomeserverError && error.status === 404 && codes.includes(error.errcode);
    if (isMissing) return false;
    throw error;
  }
}
