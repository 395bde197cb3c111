import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { stringify } from "yaml";
import { z } from "zod";
import { registerAccount } from "../src/dev/homeserver/accounts.ts";
import { type RoomId, RoomId as RoomIdSchema, UserId } from "../src/domain/ids.ts";
import { type AccountHttp, path } from "../src/matrix/http.ts";
import { roomContent } from "../src/services/case/room-content.ts";
import { rounded } from "./support/figures.ts";
import type { Bots, Deployment, Ground } from "./support/ground.ts";
import { rogatory, startRogatory } from "./support/subject.ts";
import { planWorkshop, type Workshop } from "./support/workshop.ts";

export interface ProvisioningFigures {
  readonly people: number;
  readonly rooms: number;
  readonly kills: number;
  /** From the consent until everybody is in every room, the kills included. */
  readonly seconds: number;
  /** A script that makes the same calls and keeps nothing. */
  readonly bareSeconds: number;
  /** What is not as it should be; empty. */
  readonly faults: readonly string[];
}

const bots: Bots = {
  registrar: "workshop_registrar",
  clerk: "workshop_clerk",
  scribe: "workshop_scribe",
};
/** Shares of all memberships after which the bots are killed. */
const killsAt = [0.2, 0.6];
const pollMs = 250;
const patienceMs = 15 * 60_000;
const atOnce = 8;

const Created = z.object({ room_id: RoomIdSchema });
const Anything = z.unknown();

/** A workshop with everybody in their rooms, on the homeserver's default limits for people. */
export async function benchProvisioning(
  ground: Ground,
  onProgress: (text: string) => void,
): Promise<ProvisioningFigures> {
  const run = `w${randomBytes(3).toString("hex")}`;
  const workshop = planWorkshop(run);
  for (const localpart of workshop.people) await registerAccount(ground.homeserver, { localpart });
  const registrar = await ground.administratorOf(bots.registrar);
  const settings = { rooms: { localPeople: "joined" } };
  const deployment = await ground.deployment("workshop", bots, settings);
  const creator = `@rogatory_${bots.registrar}:${ground.homeserver.serverName}`;
  const before = new Set((await roomsOf(ground, creator)).map(({ roomId }) => roomId));
  const made = async () =>
    (await roomsOf(ground, creator)).filter(({ roomId }) => !before.has(roomId));

  onProgress("A workshop is made, and the bots are killed twice...");
  const seconds = await provision(deployment, workshop, made);
  const rooms = await made();
  const faults = await findFaults(ground, workshop, rooms);

  onProgress("A bare script makes the same calls...");
  const bareSeconds = await provisionBare(ground, registrar, workshop);
  return {
    ...{ people: workshop.people.length, rooms: rooms.length, kills: killsAt.length, faults },
    ...{ seconds: rounded(seconds), bareSeconds: rounded(bareSeconds) },
  };
}

interface MadeRoom {
  readonly roomId: RoomId;
  readonly name: string;
  readonly joined: number;
}

const RoomList = z.object({
  rooms: z.array(
    z.object({
      ...{ room_id: RoomIdSchema, name: z.string().nullable(), creator: z.string().nullable() },
      joined_members: z.number(),
    }),
  ),
});

async function roomsOf({ administration }: Ground, creator: string): Promise<readonly MadeRoom[]> {
  const { rooms } = await administration.json("GET", "/_synapse/admin/v1/rooms", RoomList, {
    query: { limit: "100000", search_term: "FG-" },
  });
  return rooms
    .filter((room) => room.creator === creator)
    .map((room) => ({ roomId: room.room_id, name: room.name ?? "", joined: room.joined_members }));
}

/** Who has to be in a room: everybody, or the rapporteurs and the co-chair; and its bots. */
function expectedIn(name: string, workshop: Workshop): ReadonlySet<string> {
  const [, kind = ""] = name.split(" · ");
  const people = kind === "rapporteurs" ? workshop.rapporteurs : workshop.people;
  const present = [bots.registrar];
  if (kind !== "space") present.push(bots.scribe);
  if (kind === "plenary") present.push(bots.clerk);
  return new Set([...people, ...present.map((bot) => `rogatory_${bot}`)]);
}

function membershipsOf(workshop: Workshop): number {
  return workshop.rooms.reduce((sum, name) => sum + expectedIn(` · ${name}`, workshop).size, 0);
}

async function provision(
  { configuration, environment }: Deployment,
  workshop: Workshop,
  made: () => Promise<readonly MadeRoom[]>,
): Promise<number> {
  const file = join(dirname(configuration), "workshop.yaml");
  await writeFile(file, stringify(workshop.file));
  let subject = await startRogatory(configuration, environment);
  const begin = performance.now();
  await rogatory(
    environment,
    ...["case", "apply", "--yes", "--from", file, "--config", configuration],
  );
  const wanted = membershipsOf(workshop);
  const kills = [...killsAt];
  try {
    for (;;) {
      const joined = (await made()).reduce((sum, room) => sum + room.joined, 0);
      const [next] = kills;
      if (next !== undefined && joined > next * wanted) {
        kills.shift();
        await subject.kill();
        subject = await startRogatory(configuration, environment);
      }
      if (next === undefined && joined >= wanted) break;
      if (performance.now() - begin > patienceMs) throw new Error("the workshop was not made");
      await delay(pollMs);
    }
  } finally {
    await subject.stop();
  }
  return (performance.now() - begin) / 1000;
}

const Members = z.object({ members: z.array(UserId) });
const State = z.object({ state: z.array(z.object({ type: z.string(), state_key: z.string() })) });

/** Compares what the homeserver has with what there should be: nothing missing, nothing twice. */
async function findFaults(
  { administration }: Ground,
  workshop: Workshop,
  rooms: readonly MadeRoom[],
): Promise<readonly string[]> {
  const faults: string[] = [];
  const kinds = rooms.map(({ name }) => name.split(" · ")[1] ?? "").sort();
  if (kinds.join() !== [...workshop.rooms].sort().join()) faults.push(`rooms: ${kinds.join()}`);
  for (const { roomId, name } of rooms) {
    const room = path`/_synapse/admin/v1/rooms/${roomId}`;
    const { members } = await administration.json("GET", `${room}/members`, Members);
    const here = new Set(members.map((userId) => userId.slice(1).split(":")[0] ?? ""));
    const expected = expectedIn(name, workshop);
    const missing = expected.difference(here).size;
    const tooMany = here.difference(expected).size;
    if (missing + tooMany > 0) faults.push(`${name}: ${missing} missing, ${tooMany} too many`);
    const { state } = await administration.json("GET", `${room}/state`, State);
    const count = (wanted: string) => state.filter(({ type }) => type === wanted).length;
    const isSpace = name.endsWith("space");
    if (count("m.room.encryption") !== (isSpace ? 0 : 1)) faults.push(`${name}: encryption`);
    if (count("m.space.child") !== (isSpace ? rooms.length - 1 : 0)) faults.push(`${name}: rooms`);
  }
  return faults;
}

/** The same calls, as many at once, without a database, a retry or a look at what is there. */
async function provisionBare(
  ground: Ground,
  registrar: AccountHttp,
  workshop: Workshop,
): Promise<number> {
  const { serverName } = ground.homeserver;
  const others = await Promise.all([bots.scribe, bots.clerk].map((bot) => ground.accountOf(bot)));
  const begin = performance.now();
  const space = await makeRoom(registrar, { name: "bare · space", isSpace: true });
  const waiting = [...workshop.rooms];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
        const isSpace = name === "space";
        const roomId = isSpace
          ? space
          : await makeRoom(registrar, { name: `bare · ${name}`, isSpace });
        if (!isSpace) {
          const child = path`/_matrix/client/v3/rooms/${space}/state/m.space.child/${roomId}`;
          await registrar.json("PUT", child, Anything, { body: { via: [serverName] } });
        }
        const expected = expectedIn(` · ${name}`, workshop);
        for (const bot of others) {
          if (!expected.has(bot.localpart)) continue;
          const room = path`/_matrix/client/v3/rooms/${roomId}`;
          const body = { user_id: bot.userId };
          await registrar.json("POST", `${room}/invite`, Anything, { body });
          await bot.http.json("POST", `${room}/join`, Anything, { body: {} });
        }
        for (const localpart of expected) {
          if (localpart.startsWith("rogatory_")) continue;
          await registrar.json("POST", path`/_synapse/admin/v1/join/${roomId}`, Anything, {
            body: { user_id: `@${localpart}:${serverName}` },
          });
        }
      }
    }),
  );
  return (performance.now() - begin) / 1000;
}

async function makeRoom(
  registrar: AccountHttp,
  { name, isSpace }: { readonly name: string; readonly isSpace: boolean },
): Promise<RoomId> {
  const body = roomContent({ name, isSpace, federate: true, powers: new Map() });
  const made = await registrar.json("POST", "/_matrix/client/v3/createRoom", Created, { body });
  return made.room_id;
}
