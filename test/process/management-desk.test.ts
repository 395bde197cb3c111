import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadConfig } from "../../src/config/config.ts";
import { openDatabase } from "../../src/db/database.ts";
import { saveFinding } from "../../src/db/repositories/guard-findings.ts";
import { renderText } from "../../src/documents/message/render.ts";
import { RoomId } from "../../src/domain/ids.ts";
import { describeBots } from "../../src/process/management-desk.ts";
import { Vault } from "../../src/vault/vault.ts";
import { testLocation } from "../support/database.ts";

it("shows operators what is not as it must be in their room, for as long as it is so", async () => {
  const folder = await mkdtemp(join(tmpdir(), "rogatory-desk-"));
  const path = join(folder, "rogatory.yaml");
  await writeFile(
    path,
    'homeserver: { url: "http://127.0.0.1:9", serverName: example.org, registrationFile: r.yaml }\n',
  );
  const masterKey = randomBytes(32);
  const config = loadConfig(path, { ROGATORY_MASTER_KEY: masterKey.toString("hex") });
  await using db = await openDatabase(await testLocation());
  const now = Temporal.Instant.from("2026-12-01T08:00:00Z");
  const finding = {
    ...{ roomId: RoomId.parse("!operators"), kind: "history-visibility", subject: "" },
    ...{ evidence: "$changed", since: now, endedAt: undefined, toldAt: now },
    ...{ repairedEvidence: undefined, repairedAt: undefined, repairedBefore: undefined },
  };
  const shown = async (endedAt: Temporal.Instant | undefined) => {
    await db
      .transaction()
      .execute((transaction) => saveFinding(transaction, undefined, { ...finding, endedAt }));
    const vault = new Vault(masterKey);
    const sessionOf = () => undefined;
    return renderText(await describeBots({ config, db, vault, now: () => now, sessionOf }));
  };
  expect(await shown(undefined)).toContain("This room: who may read older messages was changed.");
  expect(await shown(now)).not.toContain("This room");
  await rm(folder, { recursive: true });
});
