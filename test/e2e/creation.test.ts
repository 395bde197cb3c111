import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { BotsProcess } from "../../src/dev/demo/bots-process.ts";
import { type Deployment, startDeployment } from "../../src/dev/demo/deployment.ts";
import { registerAccount } from "../../src/dev/homeserver/accounts.ts";
import { type FarHomeserver, startFarHomeserver } from "../../src/dev/homeserver/far-homeserver.ts";
import type { Homeserver } from "../../src/dev/homeserver/homeserver.ts";
import { type Person, startPerson } from "../../src/dev/people/person.ts";
import { RoomId, type UserId } from "../../src/domain/ids.ts";
import { AccountHttp, path } from "../../src/matrix/http.ts";
import { roomsOf, settledRooms } from "./support/case-rooms.ts";

const MINUTES = 60_000;
interface Somebody {
  readonly person: Person;
  readonly token: string;
  readonly userId: UserId;
  readonly home: Homeserver;
}

let directory: string;
let away: FarHomeserver;
let serverName: string;
let deployment: Deployment;
let bots: BotsProcess;
let admin: AccountHttp;
let operator: Somebody;
let chair: Somebody;
let guest: Somebody;
/** On the second homeserver. */
let abroad: Somebody;
let stranger: Somebody;
let direct: RoomId;
let kills = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "rogatory-creation-"));
  away = await startFarHomeserver(join(directory, "far-homeserver"));
  serverName = away.near.serverName;
  deployment = await startDeployment({
    ...{ directory, ...away.near, operators: [`@operator:${serverName}`] },
  });
  await appendFile(deployment.files.configuration, "rooms:\n  localPeople: by-space\n");
  bots = await deployment.startBots({ once: true });
  const { homeserver } = deployment;
  const root = await registerAccount(homeserver, { localpart: "admin", admin: true });
  admin = new AccountHttp(homeserver.url, root.accessToken);
  const somebody = async (localpart: string, home = homeserver): Promise<Somebody> => {
    const account = await registerAccount(home, { localpart });
    const person = await startPerson(home, account);
    return { person, token: account.accessToken, userId: account.userId, home };
  };
  operator = await somebody("operator");
  chair = await somebody("chair");
  guest = await somebody("guest");
  abroad = await somebody("abroad", away.homeserver);
  stranger = await somebody("stranger");
}, 5 * MINUTES);

afterAll(async () => {
  await Promise.all([operator, chair, guest, abroad, stranger].map((each) => each?.person.stop()));
  await bots?.stop();
  await deployment?.stop();
  await away?.homeserver.stop();
  await rm(directory, { recursive: true, force: true });
}, MINUTES);

async function request(
  token: string,
  method: string,
  address: string,
  body?: unknown,
  home: Homeserver = deployment.homeserver,
) {
  const response = await fetch(`${home.url}${address}`, {
    ...{ method, headers: { authorization: `Bearer ${token}` } },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer: unknown = await response.json();
  return { status: response.status, answer };
}

/** An encrypted room with a bot, as clients make it for a direct conversation. */
async function writeTo(who: Somebody, bot: string): Promise<RoomId> {
  const { answer } = await request(who.token, "POST", "/_matrix/client/v3/createRoom", {
    ...{ preset: "trusted_private_chat", is_direct: true, name: `direct ${bot}` },
    invite: [`@rogatory_${bot}:${serverName}`],
    initial_state: [
      { type: "m.room.encryption", content: { algorithm: "m.megolm.v1.aes-sha2" }, state_key: "" },
    ],
  });
  const roomId = z.object({ room_id: RoomId }).parse(answer).room_id;
  await who.person.roomByName(`direct ${bot}`, { members: 2 });
  return roomId;
}

async function ask(who: Somebody, roomId: RoomId, text: string): Promise<string> {
  const said = await who.person.say(roomId, text);
  return (await who.person.replyTo(said, 2 * MINUTES)).body;
}

async function killAndRestart(): Promise<void> {
  kills += 1;
  await bots.kill();
  bots = await deployment.startBots({ once: true });
}

const people = () => `localpart;matrixId;function;body;state;role
chair;;Co-chair;Eurojust;;co-chair
guest;;Prosecutor;;FI;participant
;${abroad.userId};Prosecutor;;RS;rapporteur`;

describe("a case that is created in a conversation, while the bots are killed", () => {
  let code = "";

  it(
    "survives a kill between the questions and two while it is made, and is made once",
    async () => {
      direct = await writeTo(operator, "registrar");
      expect(await ask(operator, direct, "!case new")).toContain("What kind of case");
      await ask(operator, direct, "focus-group");
      await ask(operator, direct, "Plover meeting");
      await killAndRestart();
      expect(await ask(operator, direct, "Europe/Amsterdam")).toContain("Which meeting is it");
      for (const text of [
        "6th meeting of the Plovers",
        "7–8 October 2027",
        "EUROJUST, The Hague",
      ]) {
        await ask(operator, direct, text);
      }
      await ask(operator, direct, "First session\nSecond session\nThird session");
      await ask(operator, direct, people());
      const typo = `@guets:${serverName}`;
      await ask(operator, direct, `${typo} observer FI Prosecutor`);
      const warned = await ask(operator, direct, "done");
      expect(warned).toContain(`The homeserver knows no account of ${typo}. Check the spelling`);
      await ask(operator, direct, "back");
      await ask(operator, direct, `remove ${typo}`);
      const planned = await ask(operator, direct, "done");
      expect(planned).toContain("Answer yes to create it");
      expect(planned).not.toContain("Check the spelling");

      const restarts: Promise<void>[] = [];
      const fatal = [/Its rooms are being made/, /Rooms: \d of 6/];
      operator.person.onMessage(({ body }) => {
        if (fatal[0]?.test(body) !== true) return;
        fatal.shift();
        restarts.push((restarts.at(-1) ?? Promise.resolve()).then(killAndRestart));
      });
      const yes = await operator.person.say(direct, "yes");
      const ready = await operator.person.firstMessage(
        ({ body }) => body.includes("it is ready"),
        "the summary",
        4 * MINUTES,
      );
      await Promise.all(restarts);
      expect(kills).toBe(3);
      expect(ready.encrypted).toBe(true);
      expect(ready.body).toContain("6 rooms are made");
      code = /FG-[0-9A-F]{4}/.exec(ready.body)?.[0] ?? "";

      const answers = operator.person
        .timeline(direct)
        .filter(({ relations }) =>
          relations.some(({ kind, eventId }) => kind === "reply" && eventId === yes),
        );
      expect(answers).toHaveLength(1);
      const edits = operator.person
        .timeline(direct)
        .filter(({ relations }) => relations.some(({ kind }) => kind === "edit"));
      expect(edits.length).toBeGreaterThan(0);
      for (const { relations } of edits) {
        expect(relations.map(({ eventId }) => eventId)).toContain(answers[0]?.eventId);
      }
    },
    8 * MINUTES,
  );

  it(
    "has each room, link and invitation once",
    async () => {
      const rooms = await settledRooms(admin, code, MINUTES);
      expect(rooms.map(({ name }) => name).sort()).toEqual(
        ["space", "plenary", "s1", "s2", "s3", "rapporteurs"].sort(),
      );
      const byName = new Map(rooms.map((room) => [room.name, room]));
      expect(byName.get("space")?.members).toEqual([
        "@abroad invite",
        "@chair invite",
        "@guest invite",
        "@rogatory_registrar join",
      ]);
      expect(byName.get("plenary")?.members).toEqual([
        "@rogatory_clerk join",
        "@rogatory_registrar join",
        "@rogatory_scribe join",
      ]);
      expect(byName.get("rapporteurs")?.members).toEqual([
        "@abroad invite",
        "@chair invite",
        "@rogatory_registrar join",
        "@rogatory_scribe join",
      ]);
      const children = byName.get("space")?.state.filter(({ type }) => type === "m.space.child");
      expect(children?.map(({ state_key: child }) => child).sort()).toEqual(
        rooms.flatMap(({ roomId, name }) => (name === "space" ? [] : [roomId])).sort(),
      );
      const space = byName.get("space")?.roomId;
      for (const { name, get } of rooms) {
        const isOpen = name !== "space" && name !== "rapporteurs";
        expect(get("m.room.join_rules"), name).toEqual(
          isOpen
            ? { join_rule: "restricted", allow: [{ type: "m.room_membership", room_id: space }] }
            : { join_rule: "invite" },
        );
        expect(get("m.room.encryption") !== undefined).toBe(name !== "space");
      }
      expect(JSON.stringify(rooms.map(({ state }) => state))).not.toMatch(/plover|First session/i);
    },
    MINUTES,
  );

  it(
    "is joined by its people from the space, and by nobody else",
    async () => {
      const rooms = new Map((await roomsOf(admin, code)).map(({ name, roomId }) => [name, roomId]));
      const join = async (who: Somebody, name: string) => {
        const room = path`/_matrix/client/v3/join/${rooms.get(name) ?? ""}`;
        // Whom a homeserver elsewhere asks about a room that it does not know: the space says it.
        const address = `${room}?via=${encodeURIComponent(serverName)}`;
        return (await request(who.token, "POST", address, {}, who.home)).status;
      };
      // Not before they are in the space.
      for (const who of [guest, abroad]) expect(await join(who, "plenary")).toBe(403);
      for (const name of ["space", "plenary", "s1", "s2", "s3"]) {
        for (const who of [guest, abroad]) expect(await join(who, name), name).toBe(200);
      }
      expect(await join(guest, "rapporteurs")).toBe(403);
      expect(await join(abroad, "rapporteurs")).toBe(200);
      for (const name of rooms.keys()) expect(await join(stranger, name ?? ""), name).toBe(403);
      for (const name of ["space", "rapporteurs"]) expect(await join(chair, name), name).toBe(200);

      const { roomId } = await guest.person.roomByName("plenary", { members: 5, timeout: MINUTES });
      await abroad.person.roomByName("plenary", { timeout: MINUTES });
      for (const who of [guest, abroad]) {
        expect(await ask(who, roomId, "!help")).toContain("Commands you can use");
      }
      const led = await chair.person.roomByName("rapporteurs", { members: 3, timeout: MINUTES });
      expect(await ask(chair, led.roomId, "!case state open")).toContain("open");
      expect(await ask(chair, led.roomId, "!t #para s1 They nest late.")).toContain(
        "recorded: #para",
      );
      expect(await ask(chair, led.roomId, "!report draft")).toContain("1 takeaway");
    },
    4 * MINUTES,
  );

  it(
    "is not spoken of in a direct conversation before it is named",
    async () => {
      const room = await writeTo(guest, "clerk");
      expect(await ask(guest, room, "!meeting list")).toContain("Which case do you mean?");
      expect(await ask(guest, room, `in ${code}`)).toContain("now about Plover meeting");
      expect(await ask(guest, room, "!meeting list")).toMatch(/^In Plover meeting:/);
    },
    3 * MINUTES,
  );
});

describe("a case file, where the registrar is a server administrator and may join people", () => {
  it(
    "brings everybody in who has an account, invites who has none yet, and adds what is new",
    async () => {
      const registrar = `@rogatory_registrar:${serverName}`;
      await admin.json("PUT", path`/_synapse/admin/v2/users/${registrar}`, z.unknown(), {
        body: { admin: true },
      });
      await bots.kill();
      const { configuration } = deployment.files;
      const text = await readFile(configuration, "utf8");
      await writeFile(configuration, text.replace("by-space", "joined"));
      bots = await deployment.startBots({ once: true });

      const caseFile = join(directory, "case.yaml");
      const roster = join(directory, "people.csv");
      await writeFile(caseFile, "template: jit\nname: DUNLIN\ntimeZone: Europe/Brussels\n");
      const lines = [
        "localpart;matrixId;function;state;role",
        "chair;;Prosecutor;BE;leader",
        "later;;Prosecutor;NL;leader",
        `;${abroad.userId};Prosecutor;RS;member`,
      ];
      await writeFile(roster, lines.join("\r\n"));
      const Applied = z.object({
        ...{ code: z.string(), created: z.boolean() },
        added: z.object({ people: z.number(), rooms: z.number() }),
      });
      const files = ["--from", caseFile, "--roster", roster, "--json", "--reason", "new"];
      const apply = async (...more: readonly string[]) => {
        const args = ["apply", ...files, "--yes", ...more];
        return Applied.parse(JSON.parse(await deployment.rogatory("case", ...args)));
      };
      const plan = await deployment.rogatory("case", "plan", ...files);
      expect(JSON.parse(plan)).toMatchObject({ unknownAccounts: [`@later:${serverName}`] });
      await expect(apply()).rejects.toThrow("case.unknown-accounts");
      expect(await deployment.rogatory("case", "list")).not.toContain("jit");
      const first = await apply("--allow-unknown-accounts");
      expect(first.created).toBe(true);
      const { code } = first;
      await deployment.settled(code);
      const membersOf = async () =>
        Object.fromEntries(
          (await settledRooms(admin, code, MINUTES)).map(({ name, members }) => [
            name,
            members.filter((member) => !member.includes("rogatory")),
          ]),
        );
      const both = ["@chair join", "@later invite"];
      // Nobody can join people of another homeserver: they are invited to the space.
      const withAbroad = ["@abroad invite", ...both];
      expect(await membersOf()).toEqual({
        space: withAbroad,
        coordination: both,
        leaders: both,
        notices: both,
      });

      expect(await apply()).toEqual({ code, created: false, added: { people: 0, rooms: 0 } });
      await writeFile(roster, [...lines, "guest;;Police officer;LU;member"].join("\n"));
      expect(await apply()).toMatchObject({ created: false, added: { people: 1, rooms: 0 } });
      await deployment.settled(code);
      const three = ["@chair join", "@guest join", "@later invite"];
      expect(await membersOf()).toEqual({
        space: ["@abroad invite", ...three],
        coordination: three,
        leaders: both,
        notices: three,
      });
    },
    5 * MINUTES,
  );
});
