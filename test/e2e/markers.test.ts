import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { databaseLocation, loadConfig } from "../../src/config/config.ts";
import { openDatabase } from "../../src/db/database.ts";
import type { BotsProcess } from "../../src/dev/demo/bots-process.ts";
import { type Deployment, startDeployment } from "../../src/dev/demo/deployment.ts";
import { liftRateLimit, registerAccount } from "../../src/dev/homeserver/accounts.ts";
import { DEFAULT_SERVER_NAME } from "../../src/dev/homeserver/homeserver.ts";
import { type Person, startPerson } from "../../src/dev/people/person.ts";
import { RoomId } from "../../src/domain/ids.ts";
import { AccountHttp } from "../../src/matrix/http.ts";
import { testDatabaseUrl } from "../support/database.ts";
import { requires } from "../support/requires.ts";
import { dumpPostgresql, dumpRows } from "./support/full-dump.ts";
import { encodingsOf, filesWith } from "./support/search.ts";

const MINUTES = 60_000;
const patience = 2 * MINUTES;

/** A word that nothing else says, in letters that no escape hides. */
const marker = (what: string) => `quokka-${what}-${randomBytes(6).toString("hex")}`;
const markers = {
  ...{ team: marker("team"), purpose: marker("purpose"), group: marker("group") },
  ...{ session: marker("session"), leader: marker("leader"), newcomer: marker("newcomer") },
  ...{ message: marker("message"), mistake: marker("mistake"), meeting: marker("meeting") },
  ...{ venue: marker("venue"), action: marker("action"), request: marker("request") },
  ...{ takeaway: marker("takeaway"), alone: marker("alone"), reason: marker("reason") },
  ...{ fileName: marker("file-name"), file: marker("file"), draft: marker("draft") },
  ...{ roster: marker("roster"), removal: marker("removal") },
};
const needles = Object.values(markers).flatMap(encodingsOf);

let directory: string;
/** What operators write by hand, which they delete afterwards. */
let handwritten: string;
let databaseUrl: string | undefined;
let deployment: Deployment;
let bots: BotsProcess | undefined;
let leader: Person;
let token: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "rogatory-markers-"));
  handwritten = await mkdtemp(join(tmpdir(), "rogatory-handwritten-"));
  databaseUrl = await testDatabaseUrl();
  deployment = await startDeployment({
    ...{ directory, serverName: DEFAULT_SERVER_NAME, databaseUrl, debug: true },
    operators: [`@leader:${DEFAULT_SERVER_NAME}`],
  });
  bots = await deployment.startBots();
  const codes = [
    await createCase(`
template: jit
name: ${markers.team}
timeZone: Europe/Brussels
agreement: { parties: [BE, NL], purpose: ${markers.purpose} }
roster:
  - { localpart: leader, function: ${markers.leader}, state: BE, role: leader }
`),
    await createCase(`
template: focus-group
state: open
name: ${markers.group}
timeZone: Europe/Amsterdam
meeting:
  { ordinal: 6, title: Specialists, organisation: TEST, from: 2027-10-07, to: 2027-10-08, place: The Hague }
reportTemplate: focus-group
agenda: [{ code: s1, title: ${markers.session}, room: true }]
roster:
  - { localpart: leader, function: Rapporteur, body: Eurojust, role: rapporteur }
`),
  ];
  const account = await registerAccount(deployment.homeserver, { localpart: "leader" });
  token = account.accessToken;
  const admin = await registerAccount(deployment.homeserver, { localpart: "admin", admin: true });
  await liftRateLimit(deployment.homeserver, admin.accessToken, account.userId);
  leader = await startPerson(deployment.homeserver, account);
  await leader.acceptInvitations();
  await Promise.all(codes.map((code) => deployment.settled(code)));
}, 5 * MINUTES);

afterAll(async () => {
  await leader?.stop();
  await bots?.stop();
  await deployment?.stop();
  for (const folder of [directory, handwritten]) await rm(folder, { recursive: true, force: true });
});

async function createCase(yaml: string): Promise<string> {
  const file = join(handwritten, "case.yaml");
  await writeFile(file, yaml);
  return deployment.createCase(file);
}

async function ask(room: string | RoomId, text: string): Promise<string> {
  const id = RoomId.safeParse(room);
  const roomId = id.success ? id.data : (await roomOf(room)).roomId;
  return (await leader.replyTo(await leader.say(roomId, text), patience)).body;
}

/** In every room of these cases is a bot beside the leader. */
function roomOf(suffix: string) {
  return leader.roomByName(suffix, { members: 2, timeout: patience });
}

/** An encrypted conversation with a bot alone. */
async function writeTo(bot: string): Promise<RoomId> {
  const http = new AccountHttp(deployment.homeserver.url, token);
  await http.json("POST", "/_matrix/client/v3/createRoom", z.unknown(), {
    body: {
      ...{ preset: "trusted_private_chat", is_direct: true, name: `direct ${bot}` },
      invite: [`@rogatory_${bot}:${DEFAULT_SERVER_NAME}`],
      initial_state: [
        {
          ...{ type: "m.room.encryption", state_key: "" },
          content: { algorithm: "m.megolm.v1.aes-sha2" },
        },
      ],
    },
  });
  return (await roomOf(`direct ${bot}`)).roomId;
}

async function talkInRooms(): Promise<void> {
  const { roomId } = await roomOf("coordination");
  await leader.say(roomId, `Please note ${markers.message}.`);
  const read = await leader.sendFile(
    ...([roomId, `${markers.fileName}.txt`, Buffer.from(markers.file.repeat(10))] as const),
  );
  const sent = await leader.reads(read, patience);
  expect(Buffer.from(await leader.downloadFile(sent)).toString()).toContain(markers.file);
  expect(await ask(roomId, `!action add ${markers.action}`)).toContain("A-001");
  expect(await ask(roomId, `!action ad ${markers.mistake}`)).toContain("!action add");
  expect(
    await ask(
      roomId,
      `!meeting schedule tomorrow 10:00 for 1 hour: ${markers.meeting}, venue: ${markers.venue}`,
    ),
  ).toContain("M-001");
  expect(await ask(roomId, `!request new EIO to NL: ${markers.request}`)).toContain("EIO-001");
  const newcomer = `@newcomer:${DEFAULT_SERVER_NAME}`;
  expect(await ask(roomId, `!member add ${newcomer} member NL "${markers.newcomer}"`)).toContain(
    markers.newcomer,
  );
  expect(await ask(roomId, `!member remove @newcomer ${markers.removal}`)).toContain("newcomer");
  await deployment.rogatory(
    ...["action", "list", "--case", markers.team, "--reason", markers.reason],
  );
}

async function talkAlone(): Promise<void> {
  const clerk = await writeTo("clerk");
  expect(await ask(clerk, `in ${markers.team}`)).toContain(markers.team);
  expect(await ask(clerk, `!action add ${markers.alone}`)).toContain("A-002");
  const registrar = await writeTo("registrar");
  for (const text of ["!case new", "jit", markers.draft, "Europe/Brussels", "skip"]) {
    await ask(registrar, text);
  }
  const roster = `localpart,function,state,role\nsomebody,${markers.roster},BE,leader\n`;
  const file = await leader.sendFile(registrar, "people.csv", Buffer.from(roster));
  expect((await leader.replyTo(file, patience)).body).toContain("1 person so far");
}

async function draftReport(): Promise<void> {
  expect(await ask("s1", `!takeaway #point ${markers.takeaway}`)).toContain("recorded");
  await ask("rapporteurs", "!report draft");
  const report = await leader.firstMessage(
    ({ kind, body }) => kind === "file" && body.endsWith(".md"),
    "the report",
    patience,
  );
  const text = Buffer.from(await leader.downloadFile(report)).toString("utf8");
  expect(text).toContain(markers.takeaway);
}

const isDebugLine = (line: string) =>
  line !== "" && z.object({ level: z.number() }).parse(JSON.parse(line)).level === 20;

it("a word is found in UTF-8, in hexadecimal digits and in Base64, wherever it begins", () => {
  for (const before of ["", "x", "xy", "xyz"]) {
    const bytes = Buffer.from(`${before}${markers.message}, and more`);
    for (const encoding of ["utf8", "hex", "base64", "base64url"] as const) {
      const written = bytes.toString(encoding);
      expect(encodingsOf(markers.message).some((needle) => written.includes(needle))).toBe(true);
      expect(encodingsOf(markers.meeting).some((needle) => written.includes(needle))).toBe(false);
    }
  }
});

it("what is said, planned, recorded and sent is found in no place where it could leak", {
  timeout: 8 * MINUTES,
}, async (context) => {
  if (databaseUrl !== undefined) requires("postgresql-client", "pg_dump")(context);
  await talkInRooms();
  await talkAlone();
  await draftReport();
  const { roomId } = await roomOf("coordination");
  await bots?.stop();
  bots = undefined;
  await deployment.homeserver.stop();

  // The homeserver's database, media and log; the bots' log, output and files, and those of PGlite.
  expect(await filesWith(directory, needles)).toEqual([]);
  const searched = (await filesWith(directory, [roomId])).map(({ file }) => file);
  const { files } = deployment;
  expect(searched).toContain(join(files.homeserver, "homeserver.db"));
  expect(searched.some((file) => file.startsWith(join(files.homeserver, "homeserver.log")))).toBe(
    true,
  );
  const withDebugLines = (await filesWith(directory, ['"level":20'])).map(({ file }) => file);
  expect(withDebugLines).toContain(files.log);
  const botsLog = (await readFile(files.log, "utf8")).split("\n");
  expect(botsLog.filter(isDebugLine).length).toBeGreaterThan(50);
  expect((await filesWith(files.homeserver, [" - DEBUG - "])).length).toBeGreaterThan(0);

  await using db = await openDatabase(databaseLocation(loadConfig(files.configuration, {})));
  const dump = await dumpRows(db);
  for (const [table, rows] of dump) {
    const found = rows.filter((row) => needles.some((needle) => row.includes(needle)));
    expect(found, table).toEqual([]);
  }
  for (const table of ["crypto_record", "inbox", "outbox", "journal", "request", "direct_room"]) {
    expect(dump.get(table)?.length, table).toBeGreaterThan(0);
  }
  if (databaseUrl === undefined) return;
  const written = await dumpPostgresql(databaseUrl);
  expect(needles.filter((needle) => written.includes(needle))).toEqual([]);
  expect(written).toContain(roomId);
});
