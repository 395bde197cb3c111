import { randomBytes } from "node:crypto";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { listTextColumns } from "../../src/db/catalog.ts";
import type { Person } from "../../src/dev/people/person.ts";
import { type LiveCase, openLiveCase } from "../support/live-case.ts";
import { filesWith } from "./support/search.ts";

const patience = 120_000;

/** Words that nothing else says, in ASCII, so that no encoding hides them. */
const marker = (what: string) => `quokka-${what}-${randomBytes(6).toString("hex")}`;
const markers = {
  name: marker("name"),
  message: marker("message"),
  meeting: marker("meeting"),
  action: marker("action"),
  takeaway: marker("takeaway"),
};

let live: LiveCase;
let leader: Person;

beforeAll(async () => {
  live = await openLiveCase();
  await live.ask["case.new"]({
    yaml: `
template: focus-group
state: open
name: ${markers.name}
timeZone: Europe/Amsterdam
meeting:
  { ordinal: 6, title: Specialists, organisation: TEST, from: 2027-10-07, to: 2027-10-08, place: The Hague }
reportTemplate: focus-group
agenda: [{ code: s1, title: Session, room: true }]
roster:
  - { localpart: leader, function: Rapporteur, body: Eurojust, role: rapporteur }
  - { localpart: member, function: Co-chair, body: Eurojust, role: co-chair }
`,
    fileName: "case.yaml",
    cause: randomBytes(8).toString("hex"),
  });
  leader = await live.person("leader");
});
afterAll(() => live?.close());

async function ask(suffix: string, text: string): Promise<string> {
  const { roomId } = await leader.roomByName(suffix, { timeout: patience });
  return (await leader.replyTo(await leader.say(roomId, text), patience)).body;
}

/** Every value of every table, as a full dump writes it. */
async function dump(): Promise<readonly string[]> {
  const tables = new Set((await listTextColumns(live.db)).map(({ table }) => table));
  const values: string[] = [];
  for (const table of tables) {
    const { rows } = await sql<{ row: string }>`
      select t::text as "row" from ${sql.table(table)} t`.execute(live.db);
    values.push(...rows.map(({ row }) => row));
  }
  return values;
}

it("what is said, planned, recorded and written into a file is found in no place where it could leak", {
  timeout: 300_000,
}, async () => {
  const { roomId } = await leader.roomByName("coordination", { timeout: patience });
  await leader.say(roomId, `Please note ${markers.message}.`);
  expect(await ask("coordination", `!action add ${markers.action}`)).toContain("A-001");
  expect(
    await ask("coordination", `!meeting schedule tomorrow 10:00 for 1 hour: ${markers.meeting}`),
  ).toContain("M-001");
  expect(await ask("s1", `!takeaway #point ${markers.takeaway}`)).toContain("recorded");
  await ask("rapporteurs", "!report draft");
  const report = await leader.firstMessage(
    ({ kind, body }) => kind === "file" && body.endsWith(".md"),
    "the report",
    patience,
  );
  // The file does hold it, decrypted: what is searched for below was really there to be found.
  const text = Buffer.from(await leader.downloadFile(report)).toString("utf8");
  expect(text).toContain(markers.takeaway);

  const needles = Object.values(markers);
  await live.stopBots();
  await live.homeserver.stop();
  expect(await filesWith(live.homeserverDirectory, needles)).toEqual([]);
  expect((await filesWith(live.homeserverDirectory, [roomId])).length).toBeGreaterThan(0);

  const rows = await dump();
  expect(rows.filter((row) => needles.some((needle) => row.includes(needle)))).toEqual([]);
  expect(rows.some((row) => row.includes(roomId))).toBe(true);

  const lines = live.log.map((line) => JSON.stringify(line));
  expect(lines.filter((line) => needles.some((needle) => line.includes(needle)))).toEqual([]);
  expect(lines.length).toBeGreaterThan(5);
});
