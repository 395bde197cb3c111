import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EventId } from "../../src/domain/ids.ts";
import { showProgress } from "../../src/services/case/creation-progress.ts";
import { type CaseHarness, harnessBots } from "../support/case-harness.ts";
import { converse, userIdOf as id, operator, type Say } from "../support/direct-conversation.ts";
import { dump } from "../support/filled-database.ts";
import { openNightjar } from "../support/nightjar-demo.ts";
import { openedSteps } from "../support/outbox.ts";
import { rememberRows } from "../support/rewind.ts";

const leader = id("nightjar-ro-pros");
const chair = id("chair");

let harness: CaseHarness;
let say: Say;
let rewind: () => Promise<void>;
const start = Temporal.Instant.from("2026-12-01T08:15:00Z");
let now = start;
beforeAll(async () => {
  harness = await openNightjar();
  say = await converse(harness, () => now);
  rewind = await rememberRows(harness.db);
});
beforeEach(async () => {
  now = start;
  await rewind();
});
afterAll(() => harness.close());

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

  it("warns of people without an account, and creates when they are right all the same", async () => {
    await until(table);
    const unknownAccounts = [id("fr-ij")];
    const plan = await say(operator, "done", { unknownAccounts });
    expect(plan).toContain("knows no account of @fr-ij:rogatory.localhost. Check the spelling");
    expect(await say(operator, "hm", { unknownAccounts: undefined })).toContain(
      "could not be asked which of these people have an account",
    );
    expect(await say(operator, "yes")).toContain("CURLEW is JIT-");
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
    expect(await say(operator, "Europe/Amsterdam")).toContain("Which meeting is it");
    expect(await say(operator, "skip")).toContain("sessions and workshops");
    expect(await say(operator, "Session I\nw1: Consent\nw1: Again")).toContain(
      "stands there twice",
    );
    expect(await say(operator, "Session I\nw1: Consent")).toContain("Who takes part?");
    await say(operator, "@c:rogatory.localhost co-chair Eurojust Co-chair");
    const plan = await say(operator, "done");
    expect(plan).toContain("Outcome report: none");
    expect(plan).toContain("FG-???? · s1");
    expect(plan).toContain("FG-???? · w1");
  });

  it("asks which meeting is reported, so that takeaways and a report can follow", async () => {
    for (const text of ["!case new", "focus-group", "Sixth meeting"]) await say(operator, text);
    await say(operator, "Europe/Amsterdam");
    expect(await say(operator, "the Focus Group")).toContain(
      "Begin with the number of the meeting",
    );
    expect(await say(operator, "6th meeting of the Focus Group on THB")).toContain("which days");
    expect(await say(operator, "sometime")).toContain("write for instance 7–8 October 2027");
    expect(await say(operator, "7–8 October 2027")).toContain("Who holds it");
    expect(await say(operator, "EUROJUST")).toContain("a comma, and the place");
    expect(await say(operator, "back")).toContain("which days");
    await say(operator, "7 to 8 October 2027");
    expect(await say(operator, "EUROJUST, The Hague")).toContain("sessions and workshops");
    await say(operator, "Consent");
    await say(operator, `${chair} co-chair Eurojust Co-chair`);
    expect(await say(operator, "done")).toContain(
      "Outcome report: 6th meeting of Focus Group on THB, 7–8 October 2027, EUROJUST, The Hague",
    );
    await say(operator, "yes");
    expect(await say(chair, "!case state open in Sixth meeting")).toContain("open");
    const scribe = { bot: harnessBots.scribe };
    await say(chair, "in Sixth meeting", scribe);
    expect(await say(chair, "!t #para s1 Consent is an illusion.", scribe)).toContain(
      "recorded: #para",
    );
    expect(await say(chair, "!report draft", scribe)).toContain("1 takeaway");
  });

  it("lets no code of a section say what it is about", async () => {
    for (const text of ["!case new", "focus-group", "Sixth meeting", "Europe/Amsterdam", "skip"]) {
      await say(operator, text);
    }
    const asked = await say(operator, "victims: interview techniques\nS2: Money\nw1: Consent");
    expect(asked).toContain("s1 — victims: interview techniques");
    expect(asked).toContain("s2 — Money");
    expect(asked).toContain("The homeserver reads their codes");
    await say(operator, `${chair} co-chair Eurojust Co-chair`);
    expect(await say(operator, "done")).not.toContain("FG-???? · victims");
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
