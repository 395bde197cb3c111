import type { UserId } from "../../domain/ids.ts";
import { liftRateLimit, registerAccount } from "../homeserver/accounts.ts";
import type { Homeserver } from "../homeserver/homeserver.ts";
import type { Crowd } from "../people/crowd.ts";

/** Who is far has an account on the second homeserver, where there is one. */
const roster = [
  { localpart: "amal", isFar: false, function: "Prosecutor", state: "BE", role: "leader" },
  { localpart: "bram", isFar: true, function: "Prosecutor", state: "NL", role: "leader" },
  {
    localpart: "cosmina",
    isFar: false,
    function: "Prosecutor",
    state: "RO",
    role: "national-desk",
  },
  { localpart: "dario", isFar: true, function: "Prosecutor", state: "IT", role: "national-desk" },
] as const;

/** Somebody of the case at their client, which does not synchronise yet. */
export interface Talker {
  readonly userId: UserId;
  readonly isFar: boolean;
  readonly isLeader: boolean;
  /** Their line in the case file. */
  readonly entry: Readonly<Record<"matrixId" | "function" | "state" | "role", string>>;
}

export async function startTalkers(
  crowd: Crowd,
  near: Homeserver,
  far: Homeserver | undefined,
): Promise<readonly Talker[]> {
  const settle = async (homeserver: Homeserver, isFar: boolean): Promise<readonly Talker[]> => {
    const people = roster.filter((person) => (person.isFar && far !== undefined) === isFar);
    const administrator = await registerAccount(homeserver, { localpart: "admin", admin: true });
    const accounts = await Promise.all(
      people.map(async ({ localpart, function: work, state, role }) => {
        const account = await registerAccount(homeserver, { localpart });
        await liftRateLimit(homeserver, administrator.accessToken, account.userId);
        const entry = { matrixId: account.userId, function: work, state, role };
        return { account, isFar, isLeader: role === "leader", entry };
      }),
    );
    await crowd.start(
      homeserver.url,
      accounts.map(({ account: { userId, deviceId, accessToken } }) => ({
        ...{ userId, deviceId, accessToken, joinsFromSpaces: isFar },
      })),
    );
    return accounts.map(({ account, ...talker }) => ({ userId: account.userId, ...talker }));
  };
  return [...(await settle(near, false)), ...(far === undefined ? [] : await settle(far, true))];
}
