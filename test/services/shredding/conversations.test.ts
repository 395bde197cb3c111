import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { ensureAccount } from "../../../src/db/repositories/accounts.ts";
import { findCase } from "../../../src/db/repositories/cases.ts";
import {
  enqueueStep,
  placeOfPayload,
  transactionIdOf,
} from "../../../src/db/repositories/outbox.ts";
import type { ShreddingRecord } from "../../../src/db/repositories/shreddings.ts";
import { EventId, RoomId } from "../../../src/domain/ids.ts";
import { beginShredding } from "../../../src/services/shredding/begin-shredding.ts";
import { writeCertificate } from "../../../src/services/shredding/certificate.ts";
import { type CaseHarness, harnessBots } from "../../support/case-harness.ts";
import { converse, operator, type Say, userIdOf } from "../../support/direct-conversation.ts";
import { openNightjar } from "../../support/nightjar-demo.ts";
import { rememberRows } from "../../support/rewind.ts";

const now = Temporal.Instant.from("2026-12-01T08:15:00Z");
const leader = userIdOf("nightjar-ro-pros");
const clerk = { bot: harnessBots.clerk };

let harness: CaseHarness;
let say: Say;
let rewind: () => Promise<void>;
beforeAll(async () => {
  harness = await openNightjar();
  say = await converse(harness, () => now);
  for (const bot of Object.values(harnessBots))
    await ensureAccount(harness.db, harness.vault, now, bot);
  rewind = await rememberRows(harness.db);
});
beforeEach(() => rewind());
afterAll(() => harness.close());

function shred(name: string): Promise<ShreddingRecord> {
  const { db, vault } = harness;
  return db
    .transaction()
    .execute((transaction) =>
      beginShredding({ db: transaction, vault, now }, { name, reason: "retention period over" }),
    );
}

/** A case about HERON, created in a conversation; its answers stand in the questions. */
async function createHeron(last = "yes"): Promise<void> {
  const person = `${leader} leader RO Prosecutor`;
  const answers = ["!case new", "jit", "HERON", "Europe/Brussels", "skip", person, "done", last];
  for (const text of answers) {
    await say(operator, text);
    // The sender is at once done with each of them.
    await harness.db.updateTable("outbox").set({ state: "done" }).execute();
  }
}

/** All steps that the master key still opens. */
async function opened(): Promise<string> {
  const { db, vault } = harness;
  const rows = await db.selectFrom("outbox").selectAll().execute();
  const texts: string[] = [];
  for (const { account, transaction_id, payload, case_id } of rows) {
    const box = case_id === null ? vault.system : (await findCase(db, vault, case_id))?.seal;
    const place = placeOfPayload(account, transaction_id);
    if (box !== undefined)
      texts.push(JSON.stringify(box.open<unknown>(place, payload, z.unknown())));
  }
  return texts.join("\n");
}

async function receive(room: string): Promise<void> {
  await harness.db
    .insertInto("inbox")
    .values({
      account: harnessBots.clerk,
      event_id: EventId.parse(`$${randomBytes(8).toString("hex")}`),
      room_id: RoomId.parse(room),
      ...{ sender: leader, origin_server_ts: 0, event: "{}", session_id: "s", message_index: 0 },
      ...{ state: "done", unreadable_since: null, retry_at: null },
    })
    .execute();
}

const room = `!${leader.slice(1)}${harnessBots.clerk.slice(1)}`;

describe("what shredding leaves of direct conversations", () => {
  it("is nothing of the questions and answers that created the case", async () => {
    await createHeron();
    expect(await opened()).toContain("HERON");
    const outside = harness.db.selectFrom("outbox").select("kind").where("case_id", "is", null);
    expect(await outside.execute()).toEqual([]);
    const record = await shred("HERON");
    expect(await opened()).not.toContain("HERON");
    const conversation = `!${operator.slice(1)}${harnessBots.registrar.slice(1)}`;
    expect(record.rooms).toContainEqual({
      ...{ roomId: conversation, outcome: "pending", directWith: harnessBots.registrar },
    });
    expect(record.devices.map(({ userId }) => userId)).toEqual([harnessBots.registrar]);
    expect(await harness.db.selectFrom("direct_room").selectAll().execute()).toEqual([]);
  });

  it("is no file that was sent meanwhile, not even one that was still under way", async () => {
    const { db, vault } = harness;
    await createHeron("hm");
    const lane = `!${operator.slice(1)}${harnessBots.registrar.slice(1)}`;
    for (const state of ["done", "pending"] as const) {
      const id = transactionIdOf(state, "file");
      await db.transaction().execute((transaction) =>
        enqueueStep(transaction, vault.system, now, {
          ...{
            account: harnessBots.registrar,
            lane,
            caseId: undefined,
            cause: state,
            slot: "file",
          },
          step: {
            ...{ kind: "send-file", room: { roomId: RoomId.parse(lane) }, fileName: "people.txt" },
            ...{ mimeType: "text/plain", bytesBase64: "SEVST04=" },
          },
        }),
      );
      const place = { ...placeOfPayload(harnessBots.registrar, id), column: "progress" };
      const progress = vault.system.seal<unknown>(place, { uri: `mxc://x/${state}` });
      await db
        .updateTable("outbox")
        .set({ progress, state })
        .where("transaction_id", "=", id)
        .execute();
    }
    await say(operator, "yes");
    const { media } = await shred("HERON");
    expect(media.map(({ uri }) => uri)).toEqual(["mxc://x/done", "mxc://x/pending"]);
    expect(await opened()).not.toContain("people.txt");
  });

  it("is nothing of a creation that was cancelled", async () => {
    await createHeron("cancel");
    expect(await opened()).not.toContain("HERON");
  });

  it("ends a conversation that was about no other case, errors and lists of cases included", async () => {
    await say(leader, "hello", clerk);
    await receive(room);
    const record = await shred("NIGHTJAR");
    expect(record.rooms).toContainEqual({
      ...{ roomId: room, outcome: "pending", directWith: harnessBots.clerk },
    });
    expect(await opened()).not.toContain("NIGHTJAR");
    for (const table of ["inbox", "direct_case", "room_member"] as const) {
      const rows = harness.db
        .selectFrom(table)
        .selectAll()
        .where("room_id", "=", RoomId.parse(room));
      expect(await rows.execute(), table).toEqual([]);
    }
  });

  it("goes on with a conversation about another case too, without what was said, and names it", async () => {
    await createHeron();
    await say(leader, "!action list", clerk);
    await say(leader, "in HERON", clerk);
    await say(leader, "!action add call the sluice keeper", clerk);
    await say(leader, "in NIGHTJAR", clerk);
    await receive(room);
    const record = await shred("NIGHTJAR");
    expect(record.rooms).toContainEqual({
      ...{ roomId: room, outcome: "kept", directWith: harnessBots.clerk },
    });
    expect(await opened()).not.toContain("NIGHTJAR");
    expect(await opened()).toContain("sluice");
    expect(await harness.db.selectFrom("inbox").selectAll().execute()).toEqual([]);
    expect(await say(leader, "!action list", clerk)).toContain("Which case");
    const certificate = writeCertificate(record, "rogatory.localhost", harness.vault.signer);
    const named = certificate.remains.find(({ where }) => where.includes("direct conversations"));
    expect(named?.advice).toContain(room);
    const again = await shred("HERON");
    expect(again.rooms).toContainEqual(
      expect.objectContaining({ roomId: room, outcome: "pending" }),
    );
  });
});
