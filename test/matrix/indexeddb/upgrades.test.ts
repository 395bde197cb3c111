import { Kysely, PostgresDialect } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { installIndexedDb, type SqlIndexedDb } from "../../../src/matrix/indexeddb/index.ts";
import { engines, openStore, type TestDatabase } from "./support/databases.ts";
import { connect, endOf, resultOf } from "./support/promises.ts";

describe.each(engines)("an upgrade on $name", (engine) => {
  let db: TestDatabase;
  let close: () => Promise<void>;
  let store: SqlIndexedDb;
  let name: string;
  beforeAll(async () => {
    ({ db, close } = await engine.open());
  });
  afterAll(() => close());
  beforeEach((context) => {
    store = openStore(db);
    name = context.task.name;
    return () => store.close();
  });

  it("waits until the other connections are closed, and asks them to close", async () => {
    const first = await connect(store.indexedDB, name, 1);
    const asked = new Promise<void>((resolve) => {
      first.onversionchange = () => resolve();
    });
    let upgraded = false;
    const second = connect(store.indexedDB, name, 2).then((connection) => {
      upgraded = true;
      connection.close();
    });
    await asked;
    expect(upgraded).toBe(false);
    first.close();
    await second;
    expect(upgraded).toBe(true);
  });

  it("changes nothing when it is aborted", async () => {
    const first = await connect(store.indexedDB, name, 1, (connection) => {
      connection.createObjectStore("kept").createIndex("by text", "text");
    });
    first.close();
    const attempt = connect(store.indexedDB, name, 2, (connection, transaction) => {
      transaction.objectStore("kept").deleteIndex("by text");
      connection.createObjectStore("new");
      connection.deleteObjectStore("kept");
      transaction.abort();
    });
    await expect(attempt).rejects.toMatchObject({ name: "AbortError" });
    const again = await connect(store.indexedDB, name);
    expect(again.version).toBe(1);
    expect([...again.objectStoreNames]).toEqual(["kept"]);
    expect([...again.transaction("kept").objectStore("kept").indexNames]).toEqual(["by text"]);
    again.close();
  });

  it("brings back a deleted index as it was when it is aborted, whatever was written before", async () => {
    const first = await connect(store.indexedDB, name, 1, (connection) => {
      const records = connection.createObjectStore("records");
      records.createIndex("group", "group");
      records.put({ group: "old" }, "kept");
      records.put({ group: "old" }, "removed");
    });
    first.close();
    const attempt = connect(store.indexedDB, name, 2, (_, transaction) => {
      const records = transaction.objectStore("records");
      // Not waited for: they are done after the index was deleted.
      records.put({ group: "new" }, "kept");
      records.put({ group: "new" }, "added");
      records.delete("removed");
      records.deleteIndex("group");
      records.put({ group: "newer" }, "kept").onsuccess = () => transaction.abort();
    });
    await expect(attempt).rejects.toMatchObject({ name: "AbortError" });
    const again = await connect(store.indexedDB, name);
    const records = again.transaction("records").objectStore("records");
    expect(await resultOf(records.getAllKeys())).toEqual(["kept", "removed"]);
    expect(await resultOf(records.index("group").getAllKeys())).toEqual(["kept", "removed"]);
    expect(await resultOf(records.index("group").getAll("old"))).toHaveLength(2);
    again.close();
  });

  it("fills a new index with the records that were there", async () => {
    const first = await connect(store.indexedDB, name, 1, (connection) => {
      const records = connection.createObjectStore("records");
      for (let record = 0; record < 300; record += 1) records.put({ group: record % 3 }, record);
    });
    first.close();
    await store.close();
    store = openStore(db);
    const second = await connect(store.indexedDB, name, 2, (_, transaction) => {
      transaction.objectStore("records").createIndex("group", "group");
    });
    const records = second.transaction("records").objectStore("records");
    expect(await resultOf(records.index("group").count(1))).toBe(100);
    second.close();
  });

  it("refuses what the Rust store never asks for, instead of doing it wrong", async () => {
    const connection = await connect(store.indexedDB, name, 1, (opened) => {
      const refusal = expect.objectContaining({ name: "NotSupportedError" });
      expect(() => opened.createObjectStore("a", { keyPath: "id" })).toThrow(refusal);
      expect(() => opened.createObjectStore("a", { autoIncrement: true })).toThrow(refusal);
      const records = opened.createObjectStore("a");
      expect(() => records.createIndex("i", "i", { multiEntry: true })).toThrow(refusal);
      for (let index = 0; index < 6; index += 1) records.createIndex(`i${index}`, "i");
      expect(() => records.createIndex("i6", "i")).toThrow(refusal);
      expect(() => records.deleteIndex("none")).toThrow(
        expect.objectContaining({ name: "NotFoundError" }),
      );
    });
    connection.close();
  });

  it("goes on after a failure that its caller prevented", async () => {
    const connection = await connect(store.indexedDB, name, 1, (opened, transaction) => {
      const records = opened.createObjectStore("a");
      records.add(1, "k");
      const failing = records.add(2, "k");
      failing.onerror = (event) => {
        event.preventDefault();
        opened.createObjectStore("b");
      };
      void endOf(transaction);
    });
    expect([...connection.objectStoreNames]).toEqual(["a", "b"]);
    connection.close();
  });

  it("is undone by deleting the database", async () => {
    const first = await connect(store.indexedDB, name, 3, (opened) => {
      opened.createObjectStore("a").put(1, "k");
    });
    first.close();
    await resultOf(store.indexedDB.deleteDatabase(name));
    expect((await store.indexedDB.databases()).map((database) => database.name)).not.toContain(
      name,
    );
    const again = await connect(store.indexedDB, name);
    expect(again.version).toBe(1);
    expect(again.objectStoreNames.length).toBe(0);
    again.close();
  });
});

const unconnected = new Kysely<unknown>({
  dialect: new PostgresDialect({ pool: () => Promise.reject(new Error("unused")) }),
});

describe("installing", () => {
  it("refuses where the Rust store would look for a browser", () => {
    const store = openStore(unconnected);
    expect(() => installIndexedDb(store.indexedDB, { Window: class {} })).toThrow(/Window/);
  });

  it("sets the factory and the classes that the Rust store casts to", () => {
    const globals: { indexedDB?: unknown; IDBFactory?: unknown } = {};
    const store = openStore(unconnected);
    installIndexedDb(store.indexedDB, globals);
    expect(globals.indexedDB).toBe(store.indexedDB);
    expect(globals.indexedDB).toBeInstanceOf(globals.IDBFactory);
  });
});
