import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { RoomId, UserId } from "../../src/domain/ids.ts";
import { mayAccept } from "../../src/process/bot-accounts.ts";
import { type CaseHarness, harnessBots } from "../support/case-harness.ts";
import { openNightjar } from "../support/nightjar-demo.ts";

let harness: CaseHarness;
beforeAll(async () => {
  harness = await openNightjar();
});
afterAll(() => harness.close());

const operator = UserId.parse("@operator:rogatory.localhost");
const leader = UserId.parse("@nightjar-ro-pros:rogatory.localhost");

function may(
  inviter: UserId,
  room: { roomId?: string; isDirect?: boolean; isSpace?: boolean } = {},
): Promise<boolean> {
  const config = { bots: harnessBots, operators: [operator] } satisfies Pick<
    Config,
    "bots" | "operators"
  >;
  return mayAccept(harness.db, config, {
    ...{ inviter, isDirect: true, isSpace: false, ...room },
    roomId: RoomId.parse(room.roomId ?? "!elsewhere"),
  });
}

describe("an invitation of a bot", () => {
  it("is accepted for a conversation with somebody on a roster, or with an operator", async () => {
    expect(await may(leader)).toBe(true);
    expect(await may(operator)).toBe(true);
    expect(await may(UserId.parse("@stranger:rogatory.localhost"))).toBe(false);
  });

  it("is accepted for no other room, not even by a leader into a room of the case", async () => {
    expect(await may(leader, { isDirect: false })).toBe(false);
    expect(await may(leader, { isSpace: true })).toBe(false);
    expect(await may(leader, { roomId: "!coordination" })).toBe(false);
  });

  it("is accepted from the registrar, who makes the rooms", async () => {
    expect(await may(harnessBots.registrar, { isDirect: false, roomId: "!coordination" })).toBe(
      true,
    );
  });
});
