import type { RoomId, UserId } from "../../domain/ids.ts";
import { UserId as UserIdSchema } from "../../domain/ids.ts";
import { type Account, liftRateLimit, registerAccount } from "../homeserver/accounts.ts";
import type { Homeserver } from "../homeserver/homeserver.ts";
import { type Crowd, startCrowd } from "../people/crowd.ts";
import type { MemberWish } from "../people/protocol.ts";
import { membersOf, type Scenario } from "./scenario.ts";

/** People who wait for nothing look at their rooms this often. */
const PACE_MILLISECONDS = 3000;

const REGISTERED_TOGETHER = 4;

export interface AudienceOptions {
  /** How a person's client behaves, by local part, where it is not as usual. */
  readonly clients?: Readonly<
    Record<string, Partial<Pick<MemberWish, "crossSigned" | "onlySignedDevices">>>
  >;
}

/** The people of a scenario with their running clients. */
export interface Audience {
  readonly crowd: Crowd;
  userId(localpart: string): UserId;
  /** Waits until everybody has joined every room they belong to, whose names begin with `code`. */
  gather(code: string): Promise<Rooms>;
  stop(): Promise<void>;
}

/** Matrix ids of the rooms of a case, by the names that scripts use. */
export type Rooms = ReadonlyMap<string, RoomId>;

/** Registers the people and starts their clients. */
export async function startAudience(
  homeserver: Homeserver,
  scenario: Scenario,
  { clients = {} }: AudienceOptions = {},
): Promise<Audience> {
  const accounts = await registerAll(homeserver, scenario);
  const crowd = await startCrowd();
  const userId = (localpart: string) =>
    UserIdSchema.parse(`@${localpart}:${homeserver.serverName}`);
  try {
    await crowd.start(
      homeserver.url,
      [...accounts].map(([localpart, account]) => ({
        ...{ userId: account.userId, deviceId: account.deviceId, accessToken: account.accessToken },
        ...{ pace: PACE_MILLISECONDS, ...clients[localpart] },
      })),
    );
  } catch (error) {
    await crowd.stop();
    throw error;
  }
  return {
    crowd,
    userId,
    gather: (code) => gather(crowd, scenario, code, userId),
    stop: () => crowd.stop(),
  };
}

/**
 * Registers everybody and frees them of Synapse's limits: one message in five seconds, one joining a
 * second in each room. They do in a minute what people do in a day.
 */
async function registerAll(
  homeserver: Homeserver,
  { people }: Scenario,
): Promise<ReadonlyMap<string, Account>> {
  const { accessToken } = await registerAccount(homeserver, { localpart: "admin", admin: true });
  const accounts = new Map<string, Account>();
  for (let index = 0; index < people.length; index += REGISTERED_TOGETHER) {
    const group = people.slice(index, index + REGISTERED_TOGETHER);
    await Promise.all(
      group.map(async ({ localpart }) => {
        const account = await registerAccount(homeserver, { localpart });
        await liftRateLimit(homeserver, accessToken, account.userId);
        accounts.set(localpart, account);
      }),
    );
  }
  return accounts;
}

async function gather(
  crowd: Crowd,
  scenario: Scenario,
  code: string,
  userId: (localpart: string) => UserId,
): Promise<Rooms> {
  const { people, steps } = scenario;
  await crowd.acceptInvitations();
  const rooms = new Map<string, RoomId>();
  const seats = people.flatMap(({ localpart, rooms }) =>
    rooms.map((room) => ({ localpart, room })),
  );
  await Promise.all(
    seats.map(async ({ localpart, room }) => {
      const wanted = { members: membersOf(scenario, room), timeout: JOIN_MILLISECONDS };
      rooms.set(room, await crowd.room(userId(localpart), `${code} · ${room}`, wanted));
    }),
  );
  // Two who speak for the first time at the same moment would each open an Olm session with the
  // other, and the SDK would then hand out the later message's key over the earlier one's.
  const speakers = Map.groupBy(steps, ({ who, room }) => `${who} ${room}`);
  for (const [{ who, room } = { who: "", room: "" }] of speakers.values()) {
    const roomId = rooms.get(room);
    if (roomId !== undefined) await crowd.prepareToSpeak(userId(who), roomId);
  }
  return rooms;
}

const JOIN_MILLISECONDS = 300_000;
