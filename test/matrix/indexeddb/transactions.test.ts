import type { Kysely } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { IDBDatabase } from "../../../src/matrix/indexeddb/database.ts";
import {
  createSqlIndexedDb,
  IDBKeyRange,
  type SqlIndexedDb,
} from "../../../src/matrix/indexeddb/index.ts";
import { engines, openStore } from "./support/databases.ts";
import { connect, endOf, resultOf } from "./support/promises.ts";

describe.each(engines)("a transaction on $name", (engine) => {
  let db: Kysely<unknown>;
  let close: () => Promise<void>;
  let store: SqlIndexedDb;
  let database: IDBDatabase;
  let number = 0;

  beforeAll(async () => {
    ({ db, close } = await engine.open());
  });
  afterAll(() => close());
  beforeEach(async () => {
    store = openStore(db, { cachedRows: 0 });
    number += 1;
    database = await connect(store.indexedDB, `database ${number}`, 1, (connection) => {
      connection.createObjectStore("sessions").createIndex("waiting", "waiting", { unique: false });
      connection.createObjectStore("core");
    });
    return async () => {
      database.close();
      await store.close();
    };
  });

  /** What a process that starts now would find. */
  async function stored(name: string): Promise<unknown> {
    const later = openStore(db);
    const connection = await connect(later.indexedDB, `database ${number}`);
    const values = await resultOf(connection.transaction(name).objectStore(name).getAll());
    connection.close();
    await later.close();
    return values;
  }

  it("is in the database when it says complete, and not before", async () => {
    const transaction = database.transaction("core", "readwrite");
    const end = endOf(transaction);
    await resultOf(transaction.objectStore("core").put({ epoch: 1 }, "account"));
    transaction.commit();
    expect(await end).toBe("complete");
    expect(await stored("core")).toEqual([{ epoch: 1 }]);
  });

  it("shows its own writes to its own reads", async () => {
    const transaction = database.transaction("sessions", "readwrite");
    const sessions = transaction.objectStore("sessions");
    sessions.put({ waiting: 1 }, "a");
    sessions.put({ waiting: 1 }, "b");
    sessions.delete("a");
    expect(await resultOf(sessions.index("waiting").getAllKeys(1))).toEqual(["b"]);
    expect(await resultOf(sessions.get("a"))).toBeUndefined();
  });

  it("leaves nothing behind when it is aborted", async () => {
    const transaction = database.transaction("core", "readwrite");
    const end = endOf(transaction);
    await resultOf(transaction.objectStore("core").put(1, "k"));
    transaction.abort();
    expect(await end).toBe("abort on request");
    expect(await stored("core")).toEqual([]);
  });

  it("keeps the value as it was when it was put", async () => {
    const value = { list: [1], inner: { text: "before" } };
    const transaction = database.transaction("core", "readwrite");
    const end = endOf(transaction);
    transaction.objectStore("core").put(value, "k");
    value.list.push(2);
    value.inner.text = "after";
    await end;
    expect(await stored("core")).toEqual([{ list: [1], inner: { text: "before" } }]);
  });

  it("may be aborted at any time when it only reads, for nothing", async () => {
    const transaction = database.transaction("core");
    await resultOf(transaction.objectStore("core").get("k"));
    const end = endOf(transaction);
    transaction.abort();
    transaction.abort();
    await end;
    transaction.abort();
  });

  it("waits for an earlier one that writes to the same store", async () => {
    const order: string[] = [];
    const writers = ["first", "second", "third"].map(async (name) => {
      const transaction = database.transaction("core", "readwrite");
      const end = endOf(transaction);
      const core = transaction.objectStore("core");
      const seen = await resultOf(core.getAllKeys());
      await resultOf(core.put(name, name));
      order.push(`${name} saw ${JSON.stringify(seen)}`);
      await end;
    });
    await Promise.all(writers);
    expect(order).toEqual(["first saw []", 'second saw ["first"]', 'third saw ["first","second"]']);
  });

  it("lets a cursor rewrite a thousand records in one commit", async () => {
    const filling = database.transaction("sessions", "readwrite");
    const filled = endOf(filling);
    for (let session = 0; session < 1000; session += 1) {
      filling.objectStore("sessions").put({ session }, `session ${session}`);
    }
    await filled;
    const transaction = database.transaction("sessions", "readwrite");
    const end = endOf(transaction);
    const request = transaction.objectStore("sessions").openCursor();
    request.onsuccess = () => {
      const cursor: unknown = request.result;
      if (typeof cursor !== "object" || cursor === null || !("update" in cursor)) return;
      rewrite(cursor);
    };
    await end;
    const reading = database.transaction("sessions");
    expect(
      await resultOf(reading.objectStore("sessions").index("waiting").count(IDBKeyRange.only(1))),
    ).toBe(1000);
  });

  it("never says complete after a failed commit, and tells of the failure once", async () => {
    database.close();
    const failure = new Error("no space left");
    const onFatal = vi.fn();
    const broken = createSqlIndexedDb({ db: failing(db, failure), onFatal });
    const connection = await connect(broken.indexedDB, `database ${number}`);
    const transaction = connection.transaction("core", "readwrite");
    const events: string[] = [];
    transaction.oncomplete = () => events.push("complete");
    transaction.onabort = () => events.push("abort");
    transaction.objectStore("core").put(1, "k");
    await vi.waitFor(() => expect(onFatal).toHaveBeenCalled());
    const following = connection.transaction("core", "readwrite");
    following.oncomplete = () => events.push("complete");
    following.objectStore("core").put(2, "k");
    await broken.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(events).toEqual([]);
    expect(onFatal.mock.calls).toEqual([[failure]]);
    expect(await stored("core")).toEqual([]);
  });
});

function rewrite(cursor: object): void {
  const update: unknown = Reflect.get(cursor, "update");
  const proceed: unknown = Reflect.get(cursor, "continue");
  if (typeof update !== "function" || typeof proceed !== "function") throw new Error("no cursor");
  Reflect.apply(update, cursor, [{ waiting: 1 }]);
  Reflect.apply(proceed, cursor, []);
}

/** The database, with every INSERT failing. */
function failing(db: Kysely<unknown>, failure: Error): Kysely<unknown> {
  return new Proxy(db, {
    get(target, property) {
      if (property !== "executeQuery") return Reflect.get(target, property);
      return (query: { readonly sql: string }) =>
        query.sql.includes("INSERT")
          ? Promise.reject(failure)
          : Reflect.apply(target.executeQuery, target, [query]);
    },
  });
}
