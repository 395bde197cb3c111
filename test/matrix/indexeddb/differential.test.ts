import { IDBFactory as FakeFactory, IDBKeyRange as FakeKeyRange } from "fake-indexeddb";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IDBKeyRange, type SqlIndexedDb } from "../../../src/matrix/indexeddb/index.ts";
import { engines, openStore, type TestDatabase } from "./support/databases.ts";
import { type Implementation, interpret } from "./support/interpreter.ts";
import type { Program } from "./support/program.ts";
import { program } from "./support/programs.ts";

const programs = Number(process.env.ROGATORY_PROGRAMS ?? 200);

function fakeImplementation(): Implementation {
  const factory = new FakeFactory();
  return { factory: () => factory, keyRange: FakeKeyRange, restart: () => Promise.resolve() };
}

async function onSql(db: TestDatabase, name: string, cachedRows: number, plan: Program) {
  let store: SqlIndexedDb = openStore(db, { cachedRows });
  const restart = async (): Promise<void> => {
    await store.close();
    store = openStore(db, { cachedRows });
  };
  const run = await interpret(
    { factory: () => store.indexedDB, keyRange: IDBKeyRange, restart },
    name,
    plan,
  );
  store.indexedDB.deleteDatabase(name);
  await store.close();
  return run.log;
}

describe.each(engines)("IndexedDB on $name", (engine) => {
  let db: TestDatabase;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ db, close } = await engine.open());
  });
  afterAll(() => close());

  it("does in random programs what another implementation of IndexedDB does", {
    timeout: 3_600_000,
  }, async () => {
    let number = 0;
    await fc.assert(
      fc.asyncProperty(program, fc.constantFrom(0, 3, 2000), async (plan, cachedRows) => {
        number += 1;
        const expected = await interpret(fakeImplementation(), "p", plan);
        // There fake-indexeddb leaves entries of what was written in the index that it brings back. All
        // changes have to be reverted (W3C Indexed Database API 3.0, §5.5 "Aborting a transaction"):
        // upgrades.test.ts has a test of it.
        fc.pre(!expected.undoesRacingDeletion);
        expect(await onSql(db, `p${number}`, cachedRows, plan)).toEqual(expected.log);
      }),
      { numRuns: programs, endOnFailure: process.env.ROGATORY_PROGRAMS === undefined },
    );
  });
});
