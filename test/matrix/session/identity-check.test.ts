import { describe, expect, it } from "vitest";
import { DeviceId, UserId } from "../../../src/domain/ids.ts";
import { judgeIdentity, type StoredIdentity } from "../../../src/matrix/session/identity-check.ts";
import type { PublishedIdentity } from "../../../src/matrix/session/published-identity.ts";

const keys = { ed25519: "ED", curve25519: "CURVE" };
const stored: StoredIdentity = {
  userId: UserId.parse("@clerk:rogatory.localhost"),
  deviceId: DeviceId.parse("DEVICE"),
  bot: "clerk",
  storeFound: true,
  fingerprint: keys,
  held: { master: "MASTER", selfSigning: "SELF" },
  hasRecoveryKey: true,
};
const published: PublishedIdentity = {
  device: keys,
  master: "MASTER",
  selfSigning: "SELF",
  deviceSigned: true,
};
const nothing = { device: undefined, master: undefined, selfSigning: undefined };

describe("an account's identity", () => {
  it("is well if the homeserver publishes what the database holds", () => {
    expect(judgeIdentity(stored, published)).toBeUndefined();
  });

  it("may be published in part or not at all: that is completed", () => {
    expect(
      judgeIdentity(stored, { ...published, ...nothing, deviceSigned: false }),
    ).toBeUndefined();
    expect(judgeIdentity(stored, { ...published, master: undefined })).toBeUndefined();
    expect(
      judgeIdentity(
        { ...stored, held: undefined, storeFound: false },
        { ...nothing, deviceSigned: false },
      ),
    ).toBeUndefined();
  });

  it("may lie in secret storage, which the recovery key opens", () => {
    const fresh = { ...stored, storeFound: false, held: undefined };
    expect(judgeIdentity(fresh, { ...published, device: undefined })).toBeUndefined();
  });

  it.each([
    ["the store is gone", { storeFound: false }, {}, "identity.store-lost", "recover clerk"],
    [
      "the device has other keys",
      { fingerprint: { ...keys, ed25519: "OTHER" } },
      {},
      "identity.mismatch",
      "recover clerk",
    ],
    [
      "half of the device's keys are others",
      { fingerprint: { ...keys, curve25519: "OTHER" } },
      {},
      "identity.mismatch",
      "recover clerk",
    ],
    [
      "the identity belongs to another database",
      { storeFound: false, held: undefined, hasRecoveryKey: false },
      { device: undefined },
      "identity.foreign",
      "--recovery-key-file",
    ],
    ["the identity was replaced", {}, { master: "OTHER" }, "identity.replaced", "bots.clerk"],
    [
      "the signing key was replaced",
      {},
      { selfSigning: "OTHER" },
      "identity.replaced",
      "bots.clerk",
    ],
  ] as const)("stops the bot with what to do if %s", (_, ours, theirs, code, advice) => {
    const problem = judgeIdentity({ ...stored, ...ours }, { ...published, ...theirs });
    expect(problem).toMatchObject({ code });
    expect(problem?.message).toContain(advice);
  });
});
