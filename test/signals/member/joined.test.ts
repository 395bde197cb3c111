import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { listCaseRooms } from "../../../src/db/repositories/cases.ts";
import { type CaseRoomId, RoomId, UserId } from "../../../src/domain/ids.ts";
import { membersArrived } from "../../../src/signals/member/joined.ts";
import { type CaseHarness, harnessBots } from "../../support/case-harness.ts";
import { openNightjar } from "../../support/nightjar-demo.ts";
import { openedSteps } from "../../support/outbox.ts";
import { rememberRows } from "../../support/rewind.ts";

const start = Temporal.Instant.from("2026-12-01T08:15:00Z");
const coordination = RoomId.parse("!coordination");

let harness: CaseHarness;
let rewind: () => Promise<void>;
let room: CaseRoomId | undefined;
beforeAll(async () => {
  harness = await openNightjar();
  rewind = await rememberRows(harness.db);
  room = (await listCaseRooms(harness.db, harness.caseId)).find(
    ({ kind }) => kind === "coordination",
  )?.id;
});
beforeEach(() => rewind());
afterAll(() => harness.close());

function arrive(
  who: string,
  seconds: number,
  {
    membership = "join",
    roomId = coordination,
    by,
  }: { membership?: string; roomId?: RoomId; by?: UserId } = {},
): Promise<void> {
  const userId = UserId.parse(`@${who}:rogatory.localhost`);
  return harness.db
    .transaction()
    .execute((transaction) =>
      membersArrived(
        transaction,
        { vault: harness.vault, bots: harnessBots, now: start.add({ seconds }) },
        [{ roomId, userId, membership, by }],
      ),
    );
}

async function steps(kind: string) {
  const all = await openedSteps(harness.db, harness.vault, harness.caseId);
  return all.filter(({ step }) => step.kind === kind);
}

/** The sender takes up what is due. */
async function beginSending(): Promise<void> {
  await harness.db.updateTable("outbox").set({ attempts: 1, state: "done" }).execute();
}

describe("the welcome of a room", () => {
  it("is said once, twenty seconds after the last has joined, and names the case", async () => {
    await arrive("nightjar-ro-pros", 0);
    await arrive("nightjar-be-ij", 15);
    const [welcome, ...others] = await steps("send");
    expect(others).toEqual([]);
    expect(welcome).toMatchObject({
      lane: `welcome:${room}`,
      notBefore: start.add({ seconds: 35 }).toString(),
      step: {
        content: {
          msgtype: "m.notice",
          body: expect.stringMatching(/room of NIGHTJAR[\s\S]*You can type:[\s\S]*• !help/),
          formatted_body: expect.stringContaining("<li><code>!help</code></li>"),
        },
      },
    });
  });

  it("waits for who comes while it waits, but two minutes at most", async () => {
    const people = ["ro-pros", "be-ij", "nl-pros", "rs-pros", "ro-police", "be-police", "europol"];
    for (const [index, who] of people.entries()) await arrive(`nightjar-${who}`, index * 19);
    const due = (await steps("send")).map(({ notBefore }) => notBefore);
    expect(due).toEqual([start.add({ seconds: 120 }).toString()]);
  });

  it("is said anew for who comes when it has begun to be said, a minute later at the soonest", async () => {
    await arrive("nightjar-ro-pros", 0);
    await beginSending();
    await arrive("nightjar-be-ij", 21);
    await arrive("nightjar-nl-pros", 25);
    const due = (await steps("send")).map(({ notBefore }) => notBefore);
    expect(due).toEqual([20, 80].map((seconds) => start.add({ seconds }).toString()));
    await arrive("nightjar-rs-pros", 75);
    const later = (await steps("send")).map(({ notBefore }) => notBefore);
    expect(later[1]).toBe(start.add({ seconds: 95 }).toString());
  });

  it("is said for nobody but people of the roster who join", async () => {
    await arrive("rogatory_clerk", 0);
    await arrive("stranger", 1);
    await arrive("nightjar-ro-pros", 2, { membership: "invite" });
    await arrive("nightjar-ro-pros", 3, { roomId: RoomId.parse("!space") });
    await arrive("nightjar-ro-pros", 4, { roomId: RoomId.parse("!elsewhere") });
    expect(await steps("send")).toEqual([]);
  });
});

describe("somebody who was removed", () => {
  it("is taken out again when somebody lets them in", async () => {
    await harness.ask("nightjar-ro-pros", "coordination", "!member remove @nightjar-europol");
    const before = (await steps("kick")).length;
    await arrive("nightjar-europol", 5, { membership: "invite" });
    await arrive("nightjar-europol", 6);
    expect(await steps("kick")).toHaveLength(before + 2);
    expect(await steps("send")).toEqual([]);
  });

  it("is taken out each time, and people hear from the third time on who lets them in, once an hour", async () => {
    await harness.ask("nightjar-ro-pros", "coordination", "!member remove @nightjar-europol");
    const before = (await steps("kick")).length;
    const by = UserId.parse("@nightjar-be-ij:rogatory.localhost");
    for (const minute of [0, 5, 10, 15, 20]) {
      await arrive("nightjar-europol", minute * 60, { membership: "invite", by });
    }
    expect(await steps("kick")).toHaveLength(before + 5);
    const alerts = (await steps("send")).map(({ step }) =>
      step.kind === "send" ? step.content.body : "",
    );
    expect(alerts).toEqual([
      expect.stringMatching(/@nightjar-europol:.* is in it again, by @nightjar-be-ij:/),
    ]);
    const acts = await harness.db.selectFrom("journal").select("act").execute();
    expect(acts.filter(({ act }) => act === "guard.repair")).toHaveLength(5);
    await arrive("nightjar-europol", 75 * 60, { membership: "invite", by });
    expect(await steps("kick")).toHaveLength(before + 6);
  });
});
