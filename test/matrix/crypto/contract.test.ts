import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { RoomId, UserId } from "@matrix-org/matrix-sdk-crypto-wasm";
import fc from "fast-check";
import { createClient, type MatrixClient, MatrixEvent } from "matrix-js-sdk";
import { CryptoEvent } from "matrix-js-sdk/lib/crypto-api/index.js";
import { RustCrypto } from "matrix-js-sdk/lib/rust-crypto/rust-crypto.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { packageDirectory } from "../../../src/config/paths.ts";
import { RoomId as OurRoomId, UserId as OurUserId } from "../../../src/domain/ids.ts";
import {
  type CryptoBackend,
  CryptoBackendContract,
  type RoomView,
} from "../../../src/matrix/crypto/backend.ts";
import { sdkLogger } from "../../../src/matrix/crypto/sdk-logger.ts";
import { guardToDevice } from "../../../src/matrix/crypto/to-device-border.ts";

const Manifest = z.object({
  version: z.string(),
  dependencies: z.record(z.string(), z.string()).default({}),
});

/** Parameters that each internal method takes, as of the pinned version. */
const arities = {
  processSyncChanges: 1,
  onCryptoEvent: 2,
  onRoomMembership: 3,
  onSyncCompleted: 1,
  encryptEvent: 2,
  decryptEvent: 1,
  onLiveEventFromSync: 1,
  onRoomKeysUpdated: 1,
} as const;

const parts = ["outgoingRequestsManager", "eventDecryptor", "olmMachine"];

const user = "@bot:rogatory.localhost";
const room = "!room:rogatory.localhost";
/** What the crypto sends, as the homeserver would see it. */
const requests: { readonly path: string; readonly body: unknown }[] = [];

const published = new Map<string, Record<string, unknown>>();
const DeviceKeys = z.looseObject({ user_id: z.string(), device_id: z.string() });
const Upload = z.object({ device_keys: DeviceKeys });
const KeyQuery = z.object({ device_keys: z.record(z.string(), z.unknown()) });

/** As much of a homeserver as the crypto needs. */
function answer(path: string, body: unknown): unknown {
  requests.push({ path, body });
  if (path.endsWith("/keys/upload")) {
    const keys = Upload.safeParse(body).data?.device_keys;
    if (keys !== undefined) published.set(keys.user_id, { [keys.device_id]: keys });
    return { one_time_key_counts: { signed_curve25519: 50 } };
  }
  if (!path.endsWith("/keys/query")) return {};
  const users = Object.keys(KeyQuery.parse(body).device_keys);
  return { device_keys: Object.fromEntries(users.map((id) => [id, published.get(id) ?? {}])) };
}

function openClient(userId: string, deviceId: string): MatrixClient {
  return createClient({
    baseUrl: "https://rogatory.localhost",
    userId,
    deviceId,
    accessToken: "token",
    logger: sdkLogger(() => {}),
    async fetchFn(input, init) {
      const url = new URL(input instanceof Request ? input.url : input);
      const body = typeof init?.body === "string" ? JSON.parse(init.body) : undefined;
      if (url.pathname.endsWith("/room_keys/version")) {
        return Response.json({ errcode: "M_NOT_FOUND" }, { status: 404 });
      }
      return Response.json(answer(url.pathname, body));
    },
  });
}

const client = openClient(user, "DEVICE");
let backend: CryptoBackend;

beforeAll(async () => {
  await client.initRustCrypto({ useIndexedDB: false });
  backend = CryptoBackendContract.parse(client.getCrypto());
});
afterAll(() => client.stopClient());

const members = [{ userId: user, membership: "join" }];
const view: RoomView = {
  roomId: room,
  getJoinedMembers: () => members,
  getEncryptionTargetMembers: async () => members,
  shouldEncryptForInvitedMembers: () => false,
  getHistoryVisibility: () => "joined",
  getBlacklistUnverifiedDevices: () => null,
};

/** A well-formed ciphertext of a session that nobody has. */
const unreadable = {
  ...{ event_id: "$unreadable", room_id: room, sender: user, type: "m.room.encrypted" },
  origin_server_ts: 1,
  content: {
    algorithm: "m.megolm.v1.aes-sha2",
    ...{ sender_key: "A".repeat(43), device_id: "X", session_id: "A".repeat(43) },
    ciphertext: Buffer.concat([Buffer.from([3, 8, 0, 18, 16]), Buffer.alloc(16 + 8 + 64)])
      .toString("base64")
      .replace(/=+$/, ""),
  },
};

describe("the pinned matrix-js-sdk", () => {
  it("is required exactly, with the Rust crypto that it was made for", () => {
    const read = (path: string) => Manifest.parse(JSON.parse(readFileSync(path, "utf8")));
    const ours = read(join(packageDirectory(), "package.json"));
    const sdk = read(createRequire(import.meta.url).resolve("matrix-js-sdk/package.json"));
    expect(ours.dependencies["matrix-js-sdk"]).toMatch(/^\d+\.\d+\.\d+$/);
    expect(sdk.version).toBe(ours.dependencies["matrix-js-sdk"]);
    expect(ours.dependencies["@matrix-org/matrix-sdk-crypto-wasm"]).toMatch(/^\d+\.\d+\.\d+$/);
    const wanted = sdk.dependencies["@matrix-org/matrix-sdk-crypto-wasm"]?.replace(/^\^/, "");
    expect(ours.dependencies["@matrix-org/matrix-sdk-crypto-wasm"]?.split(".")[0]).toBe(
      wanted?.split(".")[0],
    );
  });

  it.each(Object.entries(arities))("has %s with %i parameters", (name, count) => {
    const method: unknown = Reflect.get(RustCrypto.prototype, name);
    expect(method).toBeTypeOf("function");
    expect(method).toHaveLength(count);
  });

  it("is refused if it lacks a method that our sync loop needs", () => {
    for (const missing of [...Object.keys(arities), ...parts]) {
      const crippled = Object.create(z.object({}).loose().parse(Object(backend)));
      Object.defineProperty(crippled, missing, { value: undefined });
      expect(CryptoBackendContract.safeParse(crippled).success).toBe(false);
    }
    expect(CryptoBackendContract.safeParse(undefined).success).toBe(false);
  });
});

describe("the crypto, fed without the sdk's own sync loop", () => {
  it("uploads its keys when it is told to, and has done so when that resolves", async () => {
    await backend.outgoingRequestsManager.doProcessOutgoingRequests();
    expect(requests.some(({ path }) => path.endsWith("/keys/upload"))).toBe(true);
  });

  it("takes a sync response in one call", async () => {
    await backend.processSyncChanges({
      toDeviceEvents: [],
      deviceLists: { changed: [user], left: [] },
      oneTimeKeysCounts: { signed_curve25519: 50 },
      unusedFallbackKeys: ["signed_curve25519"],
    });
    requests.length = 0;
    backend.onSyncCompleted({});
    await expect.poll(() => requests.some(({ path }) => path.endsWith("/keys/query"))).toBe(true);
  });

  it("survives whatever strangers send to the device", async () => {
    guardToDevice(backend.olmMachine);
    const request = "m.key.verification.request";
    const odd = fc.oneof(
      fc.jsonValue({ stringUnit: "binary", maxDepth: 2 }),
      fc
        .tuple(
          fc.constantFrom(request, "m.room_key.withheld", "m.room.encrypted", "m.dummy"),
          fc.constantFrom("@a:x", "@a:x_y", "\u0000"),
          fc.constantFrom(5, {}, null, true, ["a"], "\u0000"),
          fc.constantFrom("transaction_id", "room_id", "ciphertext", "code"),
        )
        .map(([type, sender, value, key]) => ({ type, sender, content: { [key]: value } })),
      fc.constantFrom({ type: request, sender: "@a:x", content: null }, { type: request }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(odd, { maxLength: 3 }), async (toDeviceEvents) => {
        await backend.processSyncChanges({
          toDeviceEvents,
          deviceLists: { changed: [], left: [] },
          oneTimeKeysCounts: { signed_curve25519: 50 },
          unusedFallbackKeys: undefined,
        });
      }),
      { numRuns: 30 },
    );
  });

  it("takes every name of a person and a room that we take", async () => {
    const text = fc.string({ unit: "binary" });
    const server = fc.oneof(
      fc.domain(),
      fc.ipV6().map((ip) => `[${ip}]`),
      fc.ipV4(),
      text,
    );
    const port = fc.oneof(
      fc.constant(""),
      fc.nat().map((number) => `:${number}`),
    );
    const user = fc.tuple(text, server, port).map(([local, at, on]) => `@${local}:${at}${on}`);
    fc.assert(
      fc.property(fc.oneof(user, text), text, (userId, roomId) => {
        if (OurUserId.safeParse(userId).success) new UserId(userId).free();
        if (OurRoomId.safeParse(`!${roomId}`).success) new RoomId(`!${roomId}`).free();
      }),
      { numRuns: 1000 },
    );
    const found = fc.sample(user, 1000).filter((id) => OurUserId.safeParse(id).success);
    expect(found.length).toBeGreaterThan(20);
  });

  it("keeps an event that it cannot decrypt until it is told to forget it", async () => {
    const pending = z
      .instanceof(Map)
      .parse(Reflect.get(backend.eventDecryptor, "eventsPendingKey"));
    const event = new MatrixEvent(unreadable);
    await client.decryptEventIfNeeded(event);
    expect(event.isDecryptionFailure()).toBe(true);
    expect(pending.size).toBe(1);
    backend.eventDecryptor.removeEventFromPendingList(event);
    expect(pending.size).toBe(0);
  });

  it("says that a message is older than our membership where the homeserver says so", async () => {
    const event = new MatrixEvent({ ...unreadable, unsigned: { membership: "leave" } });
    await client.decryptEventIfNeeded(event);
    expect(event.decryptionFailureReason).toBe("HISTORICAL_MESSAGE_USER_NOT_JOINED");
    backend.eventDecryptor.removeEventFromPendingList(event);
  });

  it("encrypts for a room only after it was told of the room's encryption", async () => {
    const message = () =>
      new MatrixEvent({ type: "m.room.message", room_id: room, content: { body: "secret" } });
    await expect(backend.encryptEvent(message(), view)).rejects.toThrow("unconfigured room");
    const encryption = new MatrixEvent({
      type: "m.room.encryption",
      state_key: "",
      room_id: room,
      content: { algorithm: "m.megolm.v1.aes-sha2" },
    });
    await backend.onCryptoEvent(view, encryption);
    const event = message();
    await backend.encryptEvent(event, view);
    expect(event.getWireType()).toBe("m.room.encrypted");
    expect(JSON.stringify(event.getWireContent())).not.toContain("secret");
  });

  it("asks for the keys of whoever joins", async () => {
    requests.length = 0;
    const joined = "@leader:rogatory.localhost";
    const event = new MatrixEvent({
      type: "m.room.member",
      state_key: joined,
      room_id: room,
      content: { membership: "join" },
    });
    backend.onRoomMembership(event, { userId: joined, membership: "join" });
    await expect
      .poll(async () => {
        await backend.outgoingRequestsManager.doProcessOutgoingRequests();
        return JSON.stringify(requests.filter(({ path }) => path.endsWith("/keys/query")));
      })
      .toContain(joined);
  });

  it("tells of a verification that somebody asks for in a room, unless that was long ago", async () => {
    const other = "@member:rogatory.localhost";
    const phone = openClient(other, "PHONE");
    await phone.initRustCrypto({ useIndexedDB: false });
    await CryptoBackendContract.parse(
      phone.getCrypto(),
    ).outgoingRequestsManager.doProcessOutgoingRequests();
    phone.stopClient();

    const asked: string[] = [];
    client.on(CryptoEvent.VerificationRequestReceived, (request) =>
      asked.push(request.otherUserId),
    );
    const ask = (minutesAgo: number) =>
      new MatrixEvent({
        event_id: `$ask${minutesAgo}`,
        room_id: room,
        sender: other,
        type: "m.room.message",
        origin_server_ts: Date.now() - minutesAgo * 60_000,
        content: {
          msgtype: "m.key.verification.request",
          body: "verify",
          from_device: "PHONE",
          methods: ["m.sas.v1"],
          to: user,
        },
      });
    await backend.onLiveEventFromSync(ask(11));
    expect(asked).toEqual([]);
    await backend.onLiveEventFromSync(ask(1));
    expect(asked).toEqual([other]);
  });
});
