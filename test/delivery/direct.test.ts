import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { answerError } from "../../src/commands/answers.ts";
import { loadCommands } from "../../src/commands/registry.ts";
import { enqueueStep } from "../../src/db/repositories/outbox.ts";
import { saveMembership } from "../../src/db/repositories/rooms.ts";
import { routeDirect } from "../../src/delivery/direct.ts";
import { executeDirect, type ReadFile } from "../../src/delivery/execute-direct.ts";
import type { RouterOptions } from "../../src/delivery/router.ts";
import { renderText } from "../../src/documents/message/render.ts";
import { EventId, RoomId, UserId } from "../../src/domain/ids.ts";
import { showProgress } from "../../src/services/case/creation-progress.ts";
import { type CaseHarness, harnessBots } from "../support/case-harness.ts";
import { dump } from "../support/filled-database.ts";
import { openNightjar } from "../support/nightjar-demo.ts";
import { openedSteps } from "../support/outbox.ts";
import { rememberRows } from "../support/rewind.ts";

const start = Temporal.Instant.from("2026-12-01T08:15:00Z");
const operator = id("operator");
const leader = id("nightjar-ro-pros");

let harness: CaseHarness;
let options: RouterOptions;
let rewind: () => Promise<void>;
let now = start;
beforeAll(async () => {
  harness = await openNightjar();
  options = {
    vault: harness.vault,
    commands: await loadCommands(),
    accounts: harnessBots,
    requireSignedDevices: true,
    operators: [operator],
    now: () => now,
    at: () => now,
  };
  rewind = await rememberRows(harness.db);
});
beforeEach(async () => {
  now = start;
  await rewind();
});
afterAll(() => harness.close());

function id(localpart: string): UserId {
  return UserId.parse(`@${localpart}:rogatory.localhost`);
}

interface Options {
  readonly bot?: UserId;
  readonly room?: string;
  readonly others?: readonly UserId[];
  readonly unsigned?: boolean;
  readonly edit?: boolean;
  readonly file?: { readonly name: string; readonly read: ReadFile };
}

const encryptedFile = {
  ...{ v: "v2", url: "mxc://rogatory.localhost/x", iv: "x", hashes: { sha256: "x" } },
  key: { alg: "A256CTR", k: "x" },
};

/** What the bot says to a message in a room of its own with the sender; undefined if nothing. */
async function say(sender: UserId, text: string, more: Options = {}): Promise<string | undefined> {
  const { bot = harnessBots.registrar, others = [], file } = more;
  const roomId = RoomId.parse(more.room ?? `!${sender.slice(1)}${bot.slice(1)}`);
  const { db } = harness;
  await db.transaction().execute(async (transaction) => {
    for (const userId of [bot, sender, ...others]) {
      await saveMembership(transaction, roomId, userId, "join");
    }
  });
  const event = {
    ...{ event_id: EventId.parse(`$${randomBytes(8).toString("hex")}`), room_id: roomId, sender },
    ...{ type: "m.room.encrypted", content: {}, origin_server_ts: 0 },
  };
  const content = {
    ...(file === undefined
      ? { msgtype: "m.text", body: text }
      : { msgtype: "m.file", body: file.name, file: encryptedFile }),
    ...(more.edit === true ? { "m.relates_to": { rel_type: "m.replace", event_id: "$x" } } : {}),
  };
  const direct = await routeDirect(db, options, bot, event, {
    ...{ kind: "message", type: "m.room.message", content },
    trust:
      more.unsigned === true ? { kind: "doubtful", reason: "UNSIGNED_DEVICE" } : { kind: "signed" },
  });
  if (direct === undefined) return undefined;
  try {
    const { outcome, open } = await db.transaction().execute(async (transaction) => {
      const read = direct.file === undefined ? undefined : file?.read;
      const given = await executeDirect(transaction, options, direct, read);
      await enqueueStep(transaction, given.open?.seal ?? harness.vault.system, now, {
        ...{ account: bot, lane: roomId, caseId: given.open?.case.id },
        step: { kind: "send", room: { roomId }, type: "m.room.message", content: {} },
        ...{ cause: event.event_id, slot: "reply" },
      });
      return given;
    });
    expect(open === undefined || outcome.blocks.length > 0).toBe(true);
    return renderText(outcome);
  } catch (error) {
    return renderText(answerError(error, "test"));
  }
}

describe("a direct conversation", () => {
  it("asks for the case, even of somebody who is in one only, and remembers it", async () => {
    expect(await say(leader, "!meeting list", { bot: harnessBots.clerk })).toMatch(
      /Which case do you mean\?[\s\S]*in NIGHTJAR \(TEST-0001\)/,
    );
    expect(await say(leader, "in nightjar", { bot: harnessBots.clerk })).toContain(
      "now about NIGHTJAR (TEST-0001)",
    );
    expect(await say(leader, "!meeting list", { bot: harnessBots.clerk })).toMatch(/^In NIGHTJAR:/);
    // Another conversation has heard of no case.
    expect(await say(leader, "!meeting list")).toContain("Which case do you mean?");
    expect(await say(leader, "!in TEST-0001")).toContain("NIGHTJAR");
  });

  it("keeps what it remembers sealed", async () => {
    await say(leader, "in nightjar");
    const rows = await harness.db.selectFrom("direct_room").selectAll().execute();
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toMatch(new RegExp(`NIGHTJAR|${harness.caseId}`));
  });

  it("shows what the room for everybody shows to this person, and does what their role may", async () => {
    await harness.ask(
      "nightjar-ro-pros",
      "leaders",
      "!action add @nightjar-be-ij tomorrow: Leaders only",
    );
    await harness.ask(
      "nightjar-ro-pros",
      "coordination",
      "!action add @nightjar-be-ij tomorrow: For all",
    );
    await say(leader, "in NIGHTJAR", { bot: harnessBots.clerk });
    const list = await say(leader, "!action list", { bot: harnessBots.clerk });
    expect(list).toContain("For all");
    expect(list).not.toContain("Leaders only");
    const observer = id("nightjar-md-obs");
    await say(observer, "in NIGHTJAR", { bot: harnessBots.clerk });
    expect(
      await say(observer, "!meeting schedule tomorrow 10:00: X", { bot: harnessBots.clerk }),
    ).toContain("Your role in this case does not include this command");
  });

  it("tells strangers and former members nothing, and nobody of cases that are not theirs", async () => {
    expect(await say(id("stranger"), "!meeting list")).toContain("on the roster of no case");
    expect(await say(id("stranger"), "in NIGHTJAR")).toContain("on the roster of no case");
    expect(await say(operator, "in NIGHTJAR")).toBe("You are on no roster of a case “NIGHTJAR”.");
    const europol = id("nightjar-europol");
    await say(europol, "in NIGHTJAR");
    await harness.ask("nightjar-ro-pros", "coordination", "!member remove @nightjar-europol");
    expect(await say(europol, "!case status")).toContain("on the roster of no case");
  });

  it("is none while others are in the room", async () => {
    const others = [id("nightjar-be-ij")];
    expect(await say(leader, "!meeting list", { others })).toContain("Others are in this room");
    expect(await say(leader, "in Brussels it rains", { others })).toBeUndefined();
  });

  it("does not answer edits, and takes nothing from a device that is not verified", async () => {
    expect(await say(leader, "in NIGHTJAR", { edit: true })).toBeUndefined();
    expect(await say(leader, "in NIGHTJAR", { unsigned: true })).toContain("not verified by you");
    expect(await say(leader, "!meeting list")).toContain("Which case");
  });

  it("says what to do where it understands nothing", async () => {
    expect(await say(leader, "good morning")).toContain("Which case do you mean?");
    await say(leader, "in NIGHTJAR");
    expect(await say(leader, "good morning")).toContain("I understand commands only");
    expect(await say(leader, "!meting list")).toContain("Did you mean");
  });
});

const table = `localpart;function;state;role
lu-pros;"Prosecutor; Luxembourg";LU;leader
fr-ij;Investigating judge;FR;leader`;

async function until(step: string): Promise<void> {
  const answers = [
    "!case new",
    "jit",
    "CURLEW",
    "Europe/Luxembourg",
    "LU FR",
    "Fraud",
    table,
    "done",
  ];
  for (const text of answers.slice(0, answers.indexOf(step) + 1)) await say(operator, text);
}

async function countCases(): Promise<number> {
  return (await harness.db.selectFrom("case_file").select("id").execute()).length;
}

describe("creating a case in a conversation", () => {
  it("asks step by step, shows the plan, and creates at yes", async () => {
    expect(await say(operator, "!case new")).toMatch(/What kind of case[\s\S]*jit — Joint/);
    expect(await say(operator, "jti")).toContain("Did you mean jit?");
    expect(await say(operator, "jit")).toContain("real name of the case");
    expect(await say(operator, "nightjar")).toContain("already a case of this name");
    expect(await say(operator, "CURLEW")).toContain("time zone");
    expect(await say(operator, "Europe/Luxemburg")).toContain("Did you mean Europe/Luxembourg?");
    expect(await say(operator, "Europe/Luxembourg")).toContain("parties");
    expect(await say(operator, "LU")).toContain("at least two States");
    expect(await say(operator, "Luxembourg, FR")).toContain("purpose");
    expect(await say(operator, "Fraud")).toContain("Who takes part?");
    expect(await say(operator, "done")).toContain("at least one person");
    expect(await say(operator, table.replace("fr-ij", "lu-pros"))).toBe(
      "your message, line 3: localpart is the same person as line 2 of your message.",
    );
    expect(await say(operator, table)).toContain("2 people so far");
    expect(
      await say(operator, '@be-ij:partner.example member BE "Judge" Europe/Brussels'),
    ).toContain("3 people so far");
    expect(await say(operator, "@x:y boss BE Judge")).toContain("there is no role “boss”");
    expect(await say(operator, "remove @fr-ij:rogatory.localhost")).toContain("2 people so far");
    const plan = await say(operator, "done");
    expect(plan).toContain("JIT-???? · coordination | members of the space | 2");
    expect(plan).toContain("@be-ij:partner.example | Judge | BE | member | 0 | one invitation");
    expect(await countCases()).toBe(1);
    expect(await say(operator, "hm")).toContain("Answer yes to create it");
    expect(await say(operator, "yes")).toMatch(/^CURLEW is JIT-[0-9A-F]{4}\./);
    expect(await countCases()).toBe(2);
    expect(await say(operator, "yes")).toContain("!case new");
    expect(await countCases()).toBe(2);
  });

  it("takes a file for the people, and tells what is wrong with it by line", async () => {
    await until("Fraud");
    const send = (name: string, text: string) =>
      say(operator, "", { file: { name, read: { fileName: name, text } } });
    expect(await send("people.csv", table.replace("LU;leader", "LUX;leader"))).toMatch(
      /^people.csv, line 2: state is wrong/,
    );
    expect(
      await send("people.yaml", "- { localpart: x, function: Y, state: LU, role: member }"),
    ).toContain("1 person so far");
    expect(await send("people.csv", table)).toContain("3 people so far");
    const problem = { problem: "The file is too large." };
    expect(await say(operator, "", { file: { name: "x.csv", read: problem } })).toBe(
      problem.problem,
    );
  });

  it("asks for an agenda instead where sections have rooms", async () => {
    for (const text of ["!case new", "focus-group", "Sixth meeting"]) await say(operator, text);
    expect(await say(operator, "Europe/Amsterdam")).toContain("sessions and workshops");
    expect(await say(operator, "Session I\nw1: Consent\nw1: Again")).toContain(
      "stands there twice",
    );
    expect(await say(operator, "Session I\nw1: Consent")).toContain("Who takes part?");
    await say(operator, "@c:rogatory.localhost co-chair Eurojust Co-chair");
    const plan = await say(operator, "done");
    expect(plan).toContain("FG-???? · s1");
    expect(plan).toContain("FG-???? · w1");
  });

  it("goes back, and is cancelled at any question with nothing kept", async () => {
    await until("Fraud");
    expect(await say(operator, "back")).toContain("purpose");
    expect(await say(operator, "back")).toContain("parties");
    expect(await say(operator, "skip")).toContain("Who takes part?");
    expect(await say(operator, "back")).toContain("parties");
    expect(await say(operator, "!meeting list")).toContain("You are creating a case here");
    expect(await say(operator, "cancel")).toContain("Cancelled");
    expect(await say(operator, "yes")).toContain("!case new");
    expect(await countCases()).toBe(1);
    expect(
      await harness.db.selectFrom("outbox").select("kind").where("kind", "<>", "send").execute(),
    ).toEqual([]);
  });

  it("keeps the answers sealed", async () => {
    await until(table);
    expect(await dump(harness.db)).not.toMatch(/CURLEW|Luxembourg|Fraud/i);
  });

  it("is for operators, with the registrar, only", async () => {
    expect(await say(leader, "!case new")).toContain("Only operators create cases");
    expect(await say(operator, "!case new", { bot: harnessBots.clerk })).toContain(
      "direct conversation with the registrar: write to @rogatory_registrar",
    );
    expect(await harness.ask("nightjar-ro-pros", "coordination", "!case new")).toContain(
      "direct conversation of an operator with the registrar",
    );
  });

  it("shows how far it is in one message, which is edited, a few times at most", async () => {
    await until("done");
    await say(operator, "yes");
    const row = await harness.db
      .selectFrom("creation_progress")
      .selectAll()
      .executeTakeFirstOrThrow();
    const caseId = row.case_id;
    const show = () =>
      harness.db
        .transaction()
        .execute((transaction) =>
          showProgress({ db: transaction, vault: harness.vault, now }, caseId),
        );
    const edits = async () =>
      (await openedSteps(harness.db, harness.vault, caseId)).filter(
        ({ lane }) => lane === `progress:${caseId}`,
      );
    // The message itself is not sent yet: there is nothing to edit.
    expect(await show()).toEqual({ edited: false });
    const sent = harness.db
      .updateTable("outbox")
      .set({ state: "done", event_id: EventId.parse("$first") });
    await sent.where("transaction_id", "=", row.first_transaction_id).execute();
    expect(await show()).toEqual({ edited: true });
    expect((await edits())[0]?.step).toMatchObject({
      room: { roomId: row.room_id },
      content: {
        "m.new_content": { body: expect.stringContaining("Rooms: 0 of 4. Invitations: 0 of 8.") },
        "m.relates_to": { rel_type: "m.replace", event_id: "$first" },
      },
    });
    // Nothing new; then an edit that is still to be sent; then too soon.
    expect(await show()).toEqual({ edited: false });
    const done = harness.db.updateTable("outbox").set({ state: "done" });
    await done.where("case_id", "=", caseId).where("kind", "=", "create-room").execute();
    expect(await show()).toEqual({ edited: false });
    await done.where("lane", "=", `progress:${caseId}`).execute();
    expect(await show()).toEqual({ edited: false, againMs: 3000 });
    now = start.add({ seconds: 3 });
    expect(await show()).toEqual({ edited: true });
    await done.where("case_id", "=", caseId).execute();
    expect(await show()).toEqual({ edited: true });
    expect(await show()).toEqual({ edited: false });
    const last = (await edits()).at(-1)?.step;
    expect(JSON.stringify(last)).toContain("it is ready");
    expect(await edits()).toHaveLength(3);
  });
});
