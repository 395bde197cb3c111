import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { saveMembership } from "../../../src/db/repositories/rooms.ts";
import { RoomId, UserId } from "../../../src/domain/ids.ts";
import type { CaseHarness } from "../../support/case-harness.ts";
import { openNightjar } from "../../support/nightjar-demo.ts";
import { rememberRows } from "../../support/rewind.ts";

let harness: CaseHarness;
let rewind: () => Promise<void>;
beforeAll(async () => {
  harness = await openNightjar();
  await ask("ro-pros", "!meeting schedule tomorrow 14:00 for 1 hour: Strategy of all");
  await ask("ro-pros", "!meeting schedule tomorrow 16:00 for 1 hour: Among leaders", "leaders");
  await ask("ro-pros", "!action add send the list by Friday");
  rewind = await rememberRows(harness.db);
});
beforeEach(() => rewind());
afterAll(() => harness.close());

function ask(who: string, body: string, room = "coordination"): Promise<string> {
  return harness.ask(`nightjar-${who}`, room, body);
}

async function join(who: string, room: string): Promise<void> {
  const userId = UserId.parse(`@nightjar-${who}:rogatory.localhost`);
  await harness.db
    .transaction()
    .execute((transaction) =>
      saveMembership(transaction, RoomId.parse(`!${room}`), userId, "join"),
    );
}

describe("!member share", () => {
  it("gives the lists of the room again, and nothing that was said among a few", async () => {
    await join("be-police", "coordination");
    const answer = await ask("ro-pros", "!member share @nightjar-be-police");
    expect(answer).toContain("Strategy of all");
    expect(answer).toContain("send the list");
    expect(answer).toContain("Requests: none.");
    expect(answer).not.toContain("Among leaders");
    expect(answer).toContain("Messages from before cannot be read by newcomers");
  });

  it("keeps in the log who shared what with whom", async () => {
    await join("be-police", "coordination");
    await ask("ro-pros", "!member share @nightjar-be-police");
    const rows = await harness.db.selectFrom("journal").selectAll().execute();
    const entry = rows.find(({ act }) => act === "member.share");
    expect(entry?.actor).toBe("@nightjar-ro-pros:rogatory.localhost");
  });

  it("is refused to who may not manage members, and for people who could not read it", async () => {
    expect(await ask("be-police", "!member share @nightjar-ro-pros")).toContain("does not include");
    expect(await ask("ro-pros", "!member share @nightjar-be-police")).toContain(
      "has not joined this room yet",
    );
    expect(await ask("ro-pros", "!member share @nobody:x")).toContain("is not on the roster");
  });
});
