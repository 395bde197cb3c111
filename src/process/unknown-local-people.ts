import type { Config } from "../config/config.ts";
import { RogatoryError } from "../domain/errors.ts";
import { serverOf, type UserId } from "../domain/ids.ts";
import { AccountHttp } from "../matrix/http.ts";
import { readRegistration } from "../matrix/provisioning/registration.ts";
import { findUnknownAccounts } from "../matrix/provisioning/unknown-accounts.ts";

/**
 * Which of some people are to have an account on the own homeserver and have none. The application
 * service asks, because the bots may not have accounts yet.
 *
 * @returns undefined if the homeserver cannot be asked
 */
export async function unknownLocalPeople(
  { homeserver: { url, serverName, registrationFile } }: Config,
  people: readonly UserId[],
): Promise<readonly UserId[] | undefined> {
  const local = people.filter((userId) => serverOf(userId) === serverName);
  if (local.length === 0) return [];
  try {
    const { as_token: token } = await readRegistration(registrationFile);
    return await findUnknownAccounts(new AccountHttp(url, token), local);
  } catch (error) {
    // A case can be written down before the homeserver is ready for the bots.
    if (error instanceof RogatoryError) return undefined;
    throw error;
  }
}
