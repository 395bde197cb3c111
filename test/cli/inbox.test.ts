import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openDatabase } from "../../src/db/database.ts";
import { parkReceived, receiveEvent } from "../../src/db/repositories/inbox.ts";
import { EventId, RoomId, UserId } from "../../src/domain/ids.ts";
import { rogatory } from "./rogatory.ts";

const account = UserId.parse("@clerk:example.org");
let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "rogatory-inbox-"));
  await writeFile(join(cwd, "key"), randomBytes(32).toString("hex"));
  await writeFile(
    join(cwd, "rogatory.yaml"),
    `homeserver: { url: "http://localhost:8008", serverName: example.org, registrationFile: r.yaml }
vault: { masterKeyFile: key }
`,
  );
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

async function receive(names: readonly string[]): Promise<void> {
  await using db = await openDatabase({ kind: "pglite", directory: join(cwd, "data/database") });
  for (const name of names) {
    const eventId = EventId.parse(`$${name}`);
    await db.transaction().execute((transaction) =>
      receiveEvent(transaction, {
        ...{ account, eventId, roomId: RoomId.parse("!room"), sender: UserId.parse("@x:y") },
        ...{ originServerTs: 1_796_000_000_000, json: "{}", megolm: undefined },
      }),
    );
    await parkReceived(db, account, eventId, "TypeError");
  }
}

it("shows what was set aside, lets one message be handled again, and another one never", async () => {
  expect(await rogatory(["inbox", "list"], { cwd })).toMatchObject({
    ...{ code: 0, output: "There is nothing.\n", errors: "" },
  });
  await receive(["red", "blue"]);
  const list = async (...options: readonly string[]) =>
    JSON.parse((await rogatory(["inbox", "list", ...options, "--json"], { cwd })).output);
  const [red, blue] = await list("--parked");
  expect(red).toMatchObject({ account, eventId: "$red", state: "parked", failure: "TypeError" });
  const shown = await rogatory(["inbox", "list"], { cwd });
  expect(shown.output).toMatch(/^ID +STATE +ACCOUNT[^\n]*\n\d+ +parked[^\n]*TypeError/);
  expect(shown.output).not.toContain("@x:y");

  const silent = await rogatory(["inbox", "drop", String(blue.id)], { cwd });
  expect(silent.errors).toContain("--reason");
  const reason = ["--reason", "it was typed again"];
  expect(await rogatory(["inbox", "drop", String(blue.id), ...reason], { cwd })).toMatchObject({
    ...{ code: 0, output: `Message ${blue.id} was dropped.\n` },
  });
  expect(await rogatory(["inbox", "retry", String(red.id)], { cwd })).toMatchObject({ code: 0 });
  expect(await list()).toEqual([]);
  const again = await rogatory(["inbox", "retry", String(blue.id), "--json"], { cwd });
  expect(again).toMatchObject({ code: 1, output: "" });
  expect(JSON.parse(again.errors)).toMatchObject({ error: { code: "inbox.settled" } });
  const malformed = await rogatory(["inbox", "retry", "last"], { cwd });
  expect(malformed.errors).toContain("rogatory inbox list shows first");
}, 300_000);
