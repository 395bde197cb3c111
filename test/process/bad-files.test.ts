import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { type Kysely, sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { type Config, loadConfig } from "../../src/config/config.ts";
import { useOwnTemplates } from "../../src/config/room-template.ts";
import { openDatabase } from "../../src/db/database.ts";
import type { Database } from "../../src/db/schema.ts";
import { RogatoryError } from "../../src/domain/errors.ts";
import type { ControlHandlers } from "../../src/process/control-socket.ts";
import { createOperations } from "../../src/process/operations.ts";
import { Vault } from "../../src/vault/vault.ts";
import { testLocation } from "../support/database.ts";

const RUNS = 60;

let folder: string;
let config: Config;
let db: Kysely<Database>;
let operations: ControlHandlers;
const vault = new Vault(randomBytes(32));
const now = () => Temporal.Instant.from("2026-12-01T08:00:00Z");

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "rogatory-bad-files-"));
  mkdirSync(join(folder, "templates"));
  const file = join(folder, "rogatory.yaml");
  writeFileSync(
    file,
    "homeserver: { url: http://localhost:8008, serverName: example.org, registrationFile: r.yaml }\nrooms: { templates: templates }\n",
  );
  config = loadConfig(file, {});
  db = await openDatabase(await testLocation());
  operations = await createOperations({ config, db, vault, now });
});
afterAll(async () => {
  useOwnTemplates(undefined);
  rmSync(folder, { recursive: true });
  await db.destroy();
});

type Tree = Record<string, unknown>;

const roles = ["leader", "member", "national-desk", "participant", "observer"];
const person = fc.record({
  function: fc.constantFrom("Prosecutor", "Police officer", 'Analyst, "OC"', "Richter; LG"),
  state: fc.constantFrom("RO", "BE", "NL", "LU"),
  role: fc.constantFrom(...roles),
  timeZone: fc.constantFrom("Europe/Bucharest", "UTC"),
});
const people = fc
  .array(person, { minLength: 2, maxLength: 6 })
  .map((all): Tree[] => all.map((one, index) => ({ localpart: `p${index}`, ...one })));
const goodCase = people.map(
  (roster): Tree => ({
    template: "jit",
    name: "CURLEW",
    timeZone: "Europe/Brussels",
    agreement: {
      parties: ["RO", "BE"],
      purpose: "Trafficking",
      period: { from: "2027-01-11", to: "2028-01-10" },
    },
    roster,
  }),
);

/** Ways to spoil an entry of a roster, whichever it is. */
const spoilPerson: readonly ((entry: Tree, first: Tree) => Tree)[] = [
  ({ function: _, ...rest }) => rest,
  ({ role: _, ...rest }) => rest,
  ({ localpart: _, ...rest }) => rest,
  ({ state: _, ...rest }) => rest,
  (entry) => ({ ...entry, role: "chief" }),
  (entry) => ({ ...entry, timeZone: "Europe/Brusels" }),
  (entry) => ({ ...entry, state: "Belgium" }),
  (entry) => ({ ...entry, body: "Europol" }),
  (entry) => ({ ...entry, matrixId: "@p:example.org" }),
  ({ localpart: _, ...rest }) => ({ ...rest, matrixId: "p0:example.org" }),
  (entry) => ({ ...entry, localpart: "Capital Letters" }),
  (entry) => ({ ...entry, localpart: "rogatory_clerk" }),
  (entry) => ({ ...entry, function: "x".repeat(201) }),
];

const spoilCase: readonly ((file: Tree) => Tree)[] = [
  ...["template", "name", "timeZone", "roster"].map(
    (key) =>
      ({ [key]: _, ...rest }: Tree) =>
        rest,
  ),
  (file) => ({ ...file, template: "jitt" }),
  (file) => ({ ...file, template: "../jit" }),
  (file) => ({ ...file, name: 7 }),
  (file) => ({ ...file, name: "" }),
  (file) => ({ ...file, colour: "red" }),
  (file) => ({ ...file, timeZone: "Brussels" }),
  (file) => ({ ...file, agreement: { parties: ["RO"], purpose: "x" } }),
  (file) => ({ ...file, agreement: { parties: ["RO", "RO"], purpose: "x" } }),
  (file) => ({ ...file, agreement: { parties: ["RO", "BE"] } }),
  (file) => ({
    ...file,
    agreement: { parties: ["RO", "BE"], purpose: "x", period: { from: "2027-02-30", to: "x" } },
  }),
  (file) => ({
    ...file,
    agreement: {
      parties: ["RO", "BE"],
      purpose: "x",
      period: { from: "2027-02-02", to: "2027-01-01" },
    },
  }),
  (file) => ({ ...file, agenda: [{ code: "s1", title: "One", room: true }] }),
  (file) => ({ ...file, agenda: [{ code: "S 1", title: "One" }] }),
  (file) => ({ ...file, reportTemplate: "nothing" }),
  (file) => ({ ...file, roster: [] }),
  (file) => ({ ...file, roster: "everybody" }),
];

const goodTemplate = (): Tree => ({
  title: "Task force",
  codePrefix: "TF",
  federate: false,
  roles: { member: { title: "Member", power: 0, capabilities: ["help.read"] } },
  rooms: [
    { kind: "space", name: "space", roles: "all", bots: ["registrar"] },
    { kind: "plenary", name: "plenary", roles: ["member"], bots: ["registrar"] },
  ],
});
const room = { kind: "other", name: "other", roles: "all", bots: ["registrar"] };
const withRoom = (change: Tree) => (file: Tree) => ({
  ...file,
  rooms: [...(Array.isArray(file.rooms) ? file.rooms : []), { ...room, ...change }],
});
const withRole = (change: Tree) => (file: Tree) => ({
  ...file,
  roles: { member: { title: "Member", power: 0, capabilities: ["help.read"], ...change } },
});
const spoilTemplate: readonly ((file: Tree) => Tree)[] = [
  ...["title", "codePrefix", "federate", "roles", "rooms"].map(
    (key) =>
      ({ [key]: _, ...rest }: Tree) =>
        rest,
  ),
  (file) => ({ ...file, codePrefix: "tf" }),
  (file) => ({ ...file, federate: "perhaps" }),
  (file) => ({ ...file, rooms: [] }),
  (file) => ({ ...file, rooms: [room] }),
  (file) => ({ ...file, extra: true }),
  withRole({ power: 100 }),
  withRole({ power: -1 }),
  withRole({ capabilities: ["everything"] }),
  withRole({ title: undefined }),
  withRoom({ kind: "space" }),
  withRoom({ kind: "plenary" }),
  withRoom({ kind: "Other Room" }),
  withRoom({ name: "" }),
  withRoom({ name: "x".repeat(61) }),
  withRoom({ roles: ["nobody"] }),
  withRoom({ bots: [] }),
  withRoom({ bots: ["butler"] }),
  withRoom({ per: "pair" }),
  withRoom({ per: "year" }),
  withRoom({ welcome: { text: "", try: ["!help"] } }),
  withRoom({ welcome: { text: "Hello", try: ["help"] } }),
  withRoom({ speak: 100 }),
  (file) => ({ ...file, noticesRoom: "leaders" }),
];

/** Damage to any text at all. */
const spoilText: readonly ((text: string) => string)[] = [
  (text) => `${text}\n  : [`,
  (text) => text.replace("\n", "\n\t- x\n"),
  () => "",
  () => "- - - -",
  () => "a: &x [*x, *x]",
];

async function refusal(params: Tree): Promise<string> {
  try {
    await operations["case.new"]?.({ fileName: "case.yaml", cause: "bad", ...params });
  } catch (error) {
    if (error instanceof RogatoryError) return error.message;
    throw error;
  }
  throw new Error(`this was taken: ${JSON.stringify(params)}`);
}

async function expectNothing(): Promise<void> {
  for (const table of ["case_file", "person", "case_room", "outbox", "journal"]) {
    const { rows } = await sql`select 1 from ${sql.table(table)}`.execute(db);
    expect(rows, table).toEqual([]);
  }
}

/** Every line names file and line, and says something. */
function expectLines(message: string, file: string): void {
  for (const line of message.split("\n")) {
    expect(line).toMatch(new RegExp(`${file}, line [1-9]\\d*: \\S.{5,}$`));
  }
}

const check = (property: fc.IAsyncProperty<unknown[]>) => fc.assert(property, { numRuns: RUNS });

describe("bad files", () => {
  it("of cases are refused with file and line, and nothing is created", async () => {
    await check(
      fc.asyncProperty(goodCase, fc.constantFrom(...spoilCase), async (file, spoil) => {
        expectLines(await refusal({ yaml: stringify(spoil(file)) }), "^case\\.yaml");
        await expectNothing();
      }),
    );
    await check(
      fc.asyncProperty(goodCase, fc.constantFrom(...spoilText), async (file, spoil) => {
        expectLines(await refusal({ yaml: spoil(stringify(file)) }), "^case\\.yaml");
        await expectNothing();
      }),
    );
  }, 120_000);

  it("of cases name the line of the person who is wrong", async () => {
    await check(
      fc.asyncProperty(
        goodCase,
        fc.nat(),
        fc.constantFrom(...spoilPerson),
        async (file, which, spoil) => {
          const roster = Array.isArray(file.roster) ? [...file.roster] : [];
          const index = which % roster.length;
          roster[index] = spoil(roster[index], roster[0]);
          const yaml = stringify({ ...file, roster });
          const message = await refusal({ yaml });
          expectLines(message, "^case\\.yaml");
          const lines = yaml.split("\n");
          const starts = lines.flatMap((line, at) =>
            line.startsWith("  - ") && at > 10 ? [at + 1] : [],
          );
          const said = Number(/line (\d+)/.exec(message)?.[1]);
          expect(said).toBeGreaterThanOrEqual(starts[index] ?? 0);
          expect(said).toBeLessThan(starts[index + 1] ?? lines.length + 1);
          await expectNothing();
        },
      ),
    );
  }, 120_000);

  it("of people in CSV name the line of the person who is wrong", async () => {
    const columns = "localpart,matrixId,function,state,body,role,languages,timeZone".split(",");
    const quote = (value: unknown) => `"${String(value ?? "").replaceAll('"', '""')}"`;
    await check(
      fc.asyncProperty(
        people,
        fc.nat(),
        fc.constantFrom(...spoilPerson),
        fc.constantFrom(",", ";"),
        fc.constantFrom("\n", "\r\n"),
        async (entries, which, spoil, separator, end) => {
          const index = which % entries.length;
          const spoilt = entries.map((entry, at) =>
            at === index ? spoil(entry, entries[0] ?? {}) : entry,
          );
          const rows = spoilt.map((entry) =>
            columns.map((column) => quote(entry[column])).join(separator),
          );
          const text = `\uFEFF${[columns.join(separator), ...rows].join(end)}`;
          const yaml = "template: jit\nname: CURLEW\ntimeZone: Europe/Brussels\n";
          const message = await refusal({ yaml, roster: { text, fileName: "people.csv" } });
          expectLines(message, "^people\\.csv");
          expect(message).toContain(`people.csv, line ${index + 2}: `);
          await expectNothing();
        },
      ),
    );
  }, 120_000);

  it("of room templates are refused when the program starts", async () => {
    const path = join(folder, "templates", "own.yaml");
    await check(
      fc.asyncProperty(fc.constantFrom(...spoilTemplate), async (spoil) => {
        useOwnTemplates(undefined);
        writeFileSync(path, stringify(spoil(goodTemplate())));
        const failure = await createOperations({ config, db, vault, now }).catch(
          (error: unknown) => error,
        );
        if (!(failure instanceof RogatoryError))
          throw new Error(JSON.stringify(spoil(goodTemplate())));
        expectLines(failure.message, "own\\.yaml");
        await expectNothing();
      }),
    );
    writeFileSync(path, stringify(goodTemplate()));
    await createOperations({ config, db, vault, now });
  }, 120_000);
});
