import { setTimeout as delay } from "node:timers/promises";
import { MsgType } from "matrix-js-sdk";
import { VerificationPhase } from "matrix-js-sdk/lib/crypto-api/index.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EventId, RoomId, UserId } from "../../src/domain/ids.ts";
import type { OperationResult } from "../../src/process/operation-shapes.ts";
import { type LiveCase, openLiveCase } from "../support/live-case.ts";
import {
  compareEmoji,
  startVerifyingPerson,
  untilPhase,
  type VerifyingPerson,
} from "../support/verifying-person.ts";

let live: LiveCase;
let leader: VerifyingPerson;
let member: VerifyingPerson;
let registrar: UserId;

beforeAll(async () => {
  live = await openLiveCase();
  registrar = live.config.bots.registrar;
  leader = await startVerifyingPerson(live.homeserver, "leader");
  member = await startVerifyingPerson(live.homeserver, "member");
});
afterAll(async () => {
  leader.stop();
  member.stop();
  await live.close();
});

type Step = OperationResult<"bot.verify.next">;

/** Asks again until it is so far, as the command line does. */
async function untilStep(ticket: string, kind: Step["kind"]): Promise<Step> {
  for (;;) {
    const step = await live.ask["bot.verify.next"]({ ticket });
    if (step.kind === kind) return step;
    if (step.kind === "cancelled") throw new Error(`cancelled: ${step.code}`);
    await delay(100);
  }
}

describe("a verification in a direct conversation", () => {
  it("shows both sides the same emoji, and ends with both verified", async () => {
    const roomId = await leader.converse(registrar);
    const { ticket } = await live.ask["bot.verify.start"]({ bot: "registrar" });
    expect((await live.ask["bot.verify.next"]({ ticket })).kind).toBe("waiting");

    const request = await leader.crypto.requestVerificationDM(registrar, roomId);
    const answered = await untilStep(ticket, "accepted");
    expect(answered.person?.userId).toBe(leader.userId);
    const sas = await compareEmoji(request);
    const seen = await untilStep(ticket, "comparing");
    expect(seen.emoji.map(({ symbol }) => symbol)).toEqual(
      sas.sas.emoji?.map(([symbol]) => symbol),
    );
    expect(seen.emoji).toHaveLength(7);
    expect(seen.decimals).toEqual(sas.sas.decimal);

    await sas.confirm();
    // The bot never confirms by itself.
    await delay(1000);
    expect((await live.ask["bot.verify.next"]({ ticket })).kind).toBe("comparing");
    expect(await leader.hasVerified(registrar)).toBe(false);
    await live.ask["bot.verify.confirm"]({ ticket });
    await untilStep(ticket, "done");
    await untilPhase(request, VerificationPhase.Done);
    expect(await leader.hasVerified(registrar)).toBe(true);
  });

  it("is not answered while no operator waits, and by the operator who comes later", async () => {
    const clerk = live.config.bots.clerk;
    const roomId = await leader.converse(clerk);
    const request = await leader.crypto.requestVerificationDM(clerk, roomId);
    await expect
      .poll(() => live.session("clerk").crypto.verifications.waiting(), { timeout: 20_000 })
      .toHaveLength(1);
    expect(request.phase).toBe(VerificationPhase.Requested);
    const other = await live.ask["bot.verify.start"]({
      bot: "clerk",
      from: UserId.parse("@member:rogatory.localhost"),
    });
    expect((await live.ask["bot.verify.next"]({ ticket: other.ticket })).kind).toBe("waiting");
    const { ticket } = await live.ask["bot.verify.start"]({ bot: "clerk", from: leader.userId });
    await untilStep(ticket, "accepted");
    await live.ask["bot.verify.cancel"]({ ticket, mismatch: false });
    await untilPhase(request, VerificationPhase.Cancelled);
  });

  it("may be encrypted, as other clients than Element Web do it", async () => {
    const roomId = await leader.converse(registrar);
    const before = live.session("registrar").crypto.verifications.waiting().length;
    await leader.askEncrypted(roomId, registrar);
    await expect
      .poll(() => live.session("registrar").crypto.verifications.waiting().length, {
        timeout: 20_000,
      })
      .toBe(before + 1);
  });
});

describe("a verification between devices", () => {
  it("is cancelled where the two sides do not show the same", async () => {
    const clerk = live.config.bots.clerk;
    const { ticket } = await live.ask["bot.verify.start"]({ bot: "clerk", from: leader.userId });
    const request = await leader.crypto.requestDeviceVerification(
      clerk,
      live.session("clerk").deviceId,
    );
    const comparing = compareEmoji(request);
    await untilStep(ticket, "comparing");
    await comparing;
    await live.ask["bot.verify.cancel"]({ ticket, mismatch: true });
    await untilPhase(request, VerificationPhase.Cancelled);
    expect(request.cancellationCode).toBe("m.mismatched_sas");
    const last = await live.ask["bot.verify.next"]({ ticket });
    expect(last).toMatchObject({ kind: "cancelled", code: "m.mismatched_sas", byUs: true });
    expect(await leader.hasVerified(clerk)).toBe(false);
  });

  it("is left without an answer if somebody asks who is on no roster", async () => {
    const { crypto, deviceId } = live.session("clerk");
    const { ticket } = await live.ask["bot.verify.start"]({ bot: "clerk" });
    const rename = (from: UserId, to: UserId) =>
      live.db.updateTable("person").set({ user_id: to }).where("user_id", "=", from).execute();
    const nobody = UserId.parse("@nobody:rogatory.localhost");
    await rename(leader.userId, nobody);
    await leader.crypto.requestDeviceVerification(live.config.bots.clerk, deviceId);
    await expect.poll(() => crypto.verifications.waiting(), { timeout: 20_000 }).toHaveLength(1);
    expect((await live.ask["bot.verify.next"]({ ticket })).kind).toBe("waiting");
    await rename(nobody, leader.userId);
    expect((await live.ask["bot.verify.next"]({ ticket })).kind).toBe("accepted");
    await live.ask["bot.verify.cancel"]({ ticket, mismatch: false });
  });

  it("is not even offered if the request is older than ten minutes", async () => {
    const { crypto } = live.session("clerk");
    const conversation = RoomId.parse("!conversation");
    const age = (minutes: number, id: string) => ({
      event_id: EventId.parse(id),
      room_id: conversation,
      sender: member.userId,
      type: "m.room.message",
      content: {
        msgtype: MsgType.KeyVerificationRequest,
        body: "verify",
        from_device: member.client.getDeviceId(),
        methods: ["m.sas.v1"],
        to: live.config.bots.clerk,
      },
      origin_server_ts: Date.now() - minutes * 60_000,
    });
    const waiting = () =>
      crypto.verifications.waiting().filter(({ otherUserId }) => otherUserId === member.userId);
    await crypto.receiveVerification(age(11, "$old"));
    expect(waiting()).toHaveLength(0);
    await crypto.receiveVerification(age(1, "$new"));
    expect(waiting()).toHaveLength(1);
  });
});
