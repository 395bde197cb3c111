import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { listCaseRooms } from "../../../src/db/repositories/cases.ts";
import { saveMembership } from "../../../src/db/repositories/rooms.ts";
import { RoomId, UserId } from "../../../src/domain/ids.ts";
import type { CaseHarness } from "../../support/case-harness.ts";
import { openNightjar } from "../../support/nightjar-demo.ts";
import { openedSteps } from "../../support/outbox.ts";
import { rememberRows } from "../../support/rewind.ts";

let harness: CaseHarness;
let rewind: () => Promise<void>;
beforeAll(async () => {
  harness = await openNightjar();
  rewind = await rememberRows(harness.db);
});
beforeEach(() => rewind());
afterAll(() => harness.close());

function ask(who: string, body: string, room = "coordination"): Promise<string> {
  return harness.ask(`nightjar-${who}`, room, body);
}

function id(who: string): UserId {
  return UserId.parse(`@nightjar-${who}:rogatory.localhost`);
}

const bots = ["@rogatory_clerk:rogatory.localhost"];
const Created = z.object({
  name: z.string(),
  power_level_content_override: z.object({ users: z.record(z.string(), z.number()) }),
});

/** Lets the homeserver have made the bilateral room. */
async function makeRoom(): Promise<RoomId> {
  const roomId = RoomId.parse("!bilateral");
  await harness.db
    .updateTable("case_room")
    .set({ room_id: roomId })
    .where("kind", "=", "bilateral")
    .execute();
  return roomId;
}

async function membership(roomId: string, userId: UserId, state: string): Promise<void> {
  await harness.db
    .transaction()
    .execute((transaction) => saveMembership(transaction, RoomId.parse(roomId), userId, state));
}

describe("!case bilateral", () => {
  it("makes one room outside the space, for the leaders and members of both States", async () => {
    const answer = await ask("ro-pros", "!case bilateral RO Belgium");
    expect(answer).toContain("have a room of their own");
    expect(answer).not.toContain("TEST-0001");
    const steps = await openedSteps(harness.db, harness.vault, harness.caseId);
    expect(steps.map(({ step }) => step.kind)).toEqual([
      "create-room",
      ...Array.from({ length: 1 + 4 }, () => "invite"),
    ]);
    expect(steps.flatMap(({ step }) => (step.kind === "invite" ? [step.userId] : []))).toEqual([
      ...bots,
      ...["be-ij", "be-police", "ro-police", "ro-pros"].map(id),
    ]);
    const [first] = steps;
    const content = Created.parse(first?.step.kind === "create-room" ? first.step.content : {});
    expect(content.name).toMatch(/^TEST-0001 · b-[0-9a-f]{3}$/);
    expect(content.power_level_content_override.users).toEqual({
      [id("ro-pros")]: 50,
      [id("be-ij")]: 50,
      [bots[0] ?? ""]: 50,
    });
    const acts = await harness.db.selectFrom("journal").select("act").execute();
    expect(acts).toEqual([{ act: "case.bilateral" }]);
  });

  it("is there once, whichever of the two States asks again, and no answer says whether it was", async () => {
    const answer = await ask("ro-pros", "!case bilateral RO BE");
    expect(await ask("be-ij", "!case bilateral BE RO")).toBe(answer);
    expect(await ask("nl-pros", "!case bilateral NL BE")).toBe(answer);
    const rooms = await listCaseRooms(harness.db, harness.caseId);
    expect(rooms.filter(({ kind }) => kind === "bilateral")).toHaveLength(2);
  });

  it("writes the two States into sealed columns only", async () => {
    await ask("ro-pros", "!case bilateral RO BE");
    const rows = await harness.db.selectFrom("case_room").selectAll().execute();
    expect(JSON.stringify(rows)).not.toMatch(/"(RO|BE)\b|Belgium|Romania/);
  });

  it("invites who joins one of the States later, and takes out who leaves the case", async () => {
    await ask("ro-pros", "!case bilateral RO BE");
    const invited = (await openedSteps(harness.db, harness.vault, harness.caseId)).length;
    await ask("ro-pros", '!member add @new:x member RO "Analyst"');
    await ask("nl-pros", '!member add @other:x member NL "Analyst"');
    await ask("ro-pros", "!member remove @nightjar-be-police");
    const room = (await listCaseRooms(harness.db, harness.caseId)).find(
      ({ kind }) => kind === "bilateral",
    );
    const all = await openedSteps(harness.db, harness.vault, harness.caseId);
    const here = all
      .slice(invited)
      .flatMap(({ step }) =>
        (step.kind === "invite" || step.kind === "kick") &&
        "caseRoomId" in step.room &&
        step.room.caseRoomId === room?.id
          ? [`${step.kind} ${step.userId}`]
          : [],
      );
    expect(here).toEqual(["invite @new:x", `kick ${id("be-police")}`]);
  });

  it("does not tell in the answer about a new member that there is such a room", async () => {
    await ask("ro-pros", "!case bilateral RO BE");
    expect(await ask("ro-pros", '!member add @new:x member RO "Analyst"')).not.toContain(" b-");
  });

  it("explains what is wrong", async () => {
    expect(await ask("nl-pros", "!case bilateral RO BE")).toContain("somebody of one of them");
    expect(await ask("ro-pros", "!case bilateral RO RO")).toContain("two different States");
    expect(await ask("ro-pros", "!case bilateral RO FR")).toContain("Nobody of France");
    expect(await ask("ro-pros", "!case bilateral RO Belgim")).toContain("Did you mean Belgium?");
  });

  it("is denied to members and desks", async () => {
    expect(await ask("ro-police", "!case bilateral RO BE")).toMatch(/^Your role/);
    expect(await ask("ej-ro", "!case bilateral RO BE")).toMatch(/^Your role/);
  });
});

describe("!case status", () => {
  it("counts people in the rooms that the asker is in, and names no other", async () => {
    await membership("!coordination", id("be-ij"), "join");
    await membership("!coordination", id("europol"), "join");
    await membership("!coordination", id("md-obs"), "invite");
    await membership("!leaders", id("be-ij"), "join");
    const leader = await ask("be-ij", "!case status");
    expect(leader).toContain(
      "Case: TEST-0001\nKind: Joint investigation team\nState: signed\nPeople: 10",
    );
    expect(leader).toContain("TEST-0001 · coordination | 2 | 1 | 7");
    expect(leader).toContain("TEST-0001 · leaders | 1 | 0 | 3");
    expect(await ask("europol", "!case status")).not.toContain("leaders");
  });

  it("speaks of a bilateral room only in itself", async () => {
    await ask("ro-pros", "!case bilateral RO BE");
    const roomId = await makeRoom();
    await membership(roomId, id("ro-pros"), "join");
    expect(await ask("ro-pros", "!case status")).not.toContain(" b-");
    expect(await ask("ro-pros", "!case status", "bilateral")).toMatch(
      /TEST-0001 · b-[0-9a-f]{3} \| 1 \| 0 \| 3/,
    );
  });
});
