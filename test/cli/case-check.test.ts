import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageDirectory } from "../../src/config/paths.ts";
import { openDatabase } from "../../src/db/database.ts";
import { planManagement, saveManagementRoom } from "../../src/db/repositories/management.ts";
import { saveRoomState } from "../../src/db/repositories/room-state.ts";
import { RoomId, UserId } from "../../src/domain/ids.ts";
import { expectManagement } from "../../src/services/guard/expectation.ts";
import { rogatory } from "./rogatory.ts";

const bot = UserId.parse("@bot:x");
const bots = { registrar: bot, clerk: bot, scribe: bot };
let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "rogatory-check-"));
  await writeFile(join(cwd, "key"), randomBytes(32).toString("hex"));
  await writeFile(
    join(cwd, "rogatory.yaml"),
    `homeserver: { url: "http://localhost:8008", serverName: example.org, registrationFile: r.yaml }
vault: { masterKeyFile: key }
`,
  );
});

afterAll(() => rm(cwd, { recursive: true, force: true }));

describe("rogatory case check", () => {
  it("ends with 0 where every room is as it must be, and with 2 where one is not", async () => {
    const sample = join(packageDirectory(), "config/case.jit.example.yaml");
    const args = ["case", "new", "--from", sample, "--json"];
    const { code } = JSON.parse((await rogatory(args, { cwd })).output);
    const before = await rogatory(["case", "check"], { cwd });
    expect(before).toMatchObject({ code: 0, errors: "" });
    expect(before.output).toContain(`${code}: every room is as it must be.`);

    const roomId = RoomId.parse("!coordination");
    const db = await openDatabase({ kind: "pglite", directory: join(cwd, "data/database") });
    await db
      .updateTable("case_room")
      .set({ room_id: roomId })
      .where("kind", "=", "coordination")
      .execute();
    await db.transaction().execute((transaction) =>
      saveRoomState(transaction, roomId, [
        {
          ...{ type: "m.widget", stateKey: "w", sender: "@who:x", eventId: "$w" },
          content: { url: "https://x.example" },
        },
      ]),
    );
    await db.destroy();

    const after = await rogatory(["case", "check", code], { cwd });
    expect(after).toMatchObject({ code: 2, errors: "" });
    expect(after.output).toContain(
      `  ${code} · coordination: a widget, integration or bridge was added (m.widget w) (the leaders were told`,
    );
    expect(after.output).toContain("The bots do not run");
    const json = await rogatory(["case", "check", "--json"], { cwd });
    expect(json.code).toBe(2);
    expect(JSON.parse(json.output)).toMatchObject({ asked: false, cases: [{ code }] });
    expect(json.output).not.toContain("NIGHTJAR");

    // Somebody has written into the topic of the operators' room.
    const again = await openDatabase({ kind: "pglite", directory: join(cwd, "data/database") });
    await again.transaction().execute(async (transaction) => {
      await planManagement(transaction);
      await saveManagementRoom(transaction, RoomId.parse("!operators"));
      await saveRoomState(transaction, RoomId.parse("!operators"), [
        ...expectManagement([], bots).state.map(({ type, content }) => ({
          ...{ type, stateKey: "", content, sender: "@who:x", eventId: `$made-${type}` },
        })),
        {
          ...{ type: "m.room.topic", stateKey: "", sender: "@who:x", eventId: "$topic" },
          content: { topic: "NIGHTJAR" },
        },
      ]);
    });
    await again.destroy();
    const all = await rogatory(["case", "check"], { cwd });
    expect(all).toMatchObject({ code: 2, errors: "" });
    expect(all.output).toContain("Operators' room: a topic was set");
    expect(all.output).not.toContain("NIGHTJAR");

    const unknown = await rogatory(["case", "check", "JIT-NONE"], { cwd });
    expect(unknown).toMatchObject({ code: 1 });
    expect(unknown.errors).toContain("rogatory case list shows the codes");
  }, 120_000);
});
