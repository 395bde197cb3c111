import {
  DeviceId,
  DeviceLists,
  EncryptionSettings,
  initAsync,
  OlmMachine,
  RoomId,
  StoreHandle,
  UserId,
} from "@matrix-org/matrix-sdk-crypto-wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installIndexedDb, type SqlIndexedDb } from "../../../src/matrix/indexeddb/index.ts";
import { engines, openStore, type TestDatabase } from "./support/databases.ts";

const room = "!room";

async function openMachine(prefix: string, storageKey: Uint8Array | null): Promise<OlmMachine> {
  const handle =
    storageKey === null
      ? await StoreHandle.open(prefix, null)
      : await StoreHandle.openWithKey(prefix, Uint8Array.from(storageKey));
  return OlmMachine.initFromStore(new UserId("@clerk:example.org"), new DeviceId("DEVICE"), handle);
}

async function encrypt(machine: OlmMachine): Promise<{ readonly session_id: string }> {
  await machine.shareRoomKey(
    new RoomId(room),
    [new UserId("@clerk:example.org")],
    new EncryptionSettings(),
  );
  const content = await machine.encryptRoomEvent(
    new RoomId(room),
    "m.room.message",
    '{"body":"hello"}',
  );
  return JSON.parse(content);
}

describe.each(engines)("the Rust crypto store on $name", (engine) => {
  let db: TestDatabase;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ db, close } = await engine.open());
    await initAsync();
  });
  afterAll(() => close());

  function install(): SqlIndexedDb {
    const store = openStore(db);
    installIndexedDb(store.indexedDB);
    return store;
  }

  it.each([
    ["with a storage key", new Uint8Array(32).fill(7)],
    ["without a storage key", null],
  ])("is the same device with the same sessions after a restart %s", async (name, storageKey) => {
    const first = install();
    const machine = await openMachine(name, storageKey);
    const identity = machine.identityKeys.curve25519.toBase64();
    await machine.receiveSyncChanges("[]", new DeviceLists(), new Map(), new Set());
    expect((await machine.outgoingRequests()).length).toBeGreaterThan(0);
    const session = await encrypt(machine);
    const counts = await machine.roomKeyCounts();
    machine.close();
    await first.close();

    const second = install();
    const restarted = await openMachine(name, storageKey);
    expect(restarted.identityKeys.curve25519.toBase64()).toBe(identity);
    expect((await encrypt(restarted)).session_id).toBe(session.session_id);
    expect((await restarted.roomKeyCounts()).total).toBe(counts.total);
    expect(counts.total).toBe(1);
    restarted.close();
    await second.close();
  });

  it("refuses a wrong storage key", async () => {
    const first = install();
    (await openMachine("sealed", new Uint8Array(32).fill(1))).close();
    await first.close();
    const second = install();
    await expect(openMachine("sealed", new Uint8Array(32).fill(2))).rejects.toBeDefined();
    await second.close();
  });
});
