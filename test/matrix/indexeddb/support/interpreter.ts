import type { IDBDatabase } from "../../../../src/matrix/indexeddb/database.ts";
import type { IDBFactory, IDBKeyRange } from "../../../../src/matrix/indexeddb/index.ts";
import type { IDBTransaction } from "../../../../src/matrix/indexeddb/transaction.ts";
import type { Program, RequestStep, Session, UpgradeStep } from "./program.ts";
import { connect, endOf } from "./promises.ts";
import { follow, nameOf, perform, show, type Tell } from "./requests.ts";

export interface Implementation {
  factory(): IDBFactory;
  readonly keyRange: typeof IDBKeyRange;
  /** Forgets what is in memory only. */
  restart(): Promise<void>;
}

export interface Run {
  /** Everything that the program's author could see. */
  readonly log: readonly string[];
  /** An upgrade was undone that had deleted an index before earlier writes of its store were done. */
  readonly undoesRacingDeletion: boolean;
}

export async function interpret(
  implementation: Implementation,
  name: string,
  program: Program,
): Promise<Run> {
  const log: string[] = [];
  let highest = 0;
  let undoesRacingDeletion = false;
  for (const [number, session] of program.sessions.entries()) {
    if (session.restart) await implementation.restart();
    const version =
      session.version === "current" ? undefined : Math.max(1, highest + session.version);
    highest = Math.max(highest, version ?? 1);
    const { undone, raced } = await runSession(implementation, name, version, session, (line) =>
      log.push(`${number} ${line}`),
    );
    undoesRacingDeletion ||= undone && raced;
  }
  await implementation.restart();
  await tell(implementation.factory(), name, (line) => log.push(line));
  return { log, undoesRacingDeletion };
}

async function runSession(
  implementation: Implementation,
  name: string,
  version: number | undefined,
  session: Session,
  log: Tell,
): Promise<{ readonly undone: boolean; readonly raced: boolean }> {
  let database: IDBDatabase;
  let upgrading = Promise.resolve({ raced: false });
  try {
    database = await connect(implementation.factory(), name, version, (connection, transaction) => {
      log(`upgrade ended with ${connection.version}`);
      void endOf(transaction).then((end) => log(`upgrade: ${end}`));
      upgrading = upgrade(implementation, connection, transaction, session, log);
    });
  } catch (error) {
    const { raced } = await upgrading;
    log(`open failed: ${nameOf(error)}`);
    return { undone: true, raced };
  }
  const { raced } = await upgrading;
  log(`open: ${database.version} ${[...database.objectStoreNames].join()}`);
  for (const [number, batch] of session.batches.entries()) {
    const lines = await Promise.all(
      batch.map(async (plan) => {
        const ownLines: string[] = [];
        await runTransaction(implementation, database, plan, (line) => ownLines.push(line));
        return ownLines;
      }),
    );
    for (const [position, ownLines] of lines.entries()) {
      for (const line of ownLines) log(`${number}.${position} ${line}`);
    }
  }
  database.close();
  return { undone: false, raced };
}

async function upgrade(
  implementation: Implementation,
  connection: IDBDatabase,
  transaction: IDBTransaction,
  session: Session,
  log: Tell,
): Promise<{ readonly raced: boolean }> {
  const outcomes: Promise<void>[] = [];
  const writes = new UnfinishedWrites();
  let raced = false;
  for (const [number, step] of session.upgrade.entries()) {
    const label = `upgrade step ${number} ${step.kind}`;
    if (step.kind === "request") {
      // fake-indexeddb refuses changes of the schema after a request that failed, even if prevented.
      const strict = { ...step, prevents: false };
      const outcome = request(implementation, transaction, strict, (line) =>
        log(`${label} ${line}`),
      );
      outcomes.push(outcome);
      writes.add(step, outcome);
      if (step.waits) await outcome;
    } else {
      raced ||= step.kind === "deleteIndex" && writes.has(step.store);
      // After a failed request fake-indexeddb forgets the upgrade before it has told of the abort.
      const said = attempt(() => changeSchema(connection, transaction, step));
      log(`${label} ${said.replace("TransactionInactiveError", "InvalidStateError")}`);
    }
  }
  if (session.abortsUpgrade) log(`abort upgrade ${attempt(() => transaction.abort())}`);
  await Promise.all(outcomes);
  return { raced };
}

/** Writes of an upgrade that were asked for and may not have been done yet. */
class UnfinishedWrites {
  readonly #steps = new Set<RequestStep>();

  add(step: RequestStep, outcome: Promise<void>): void {
    const { kind } = step.operation;
    if (kind === "cursor") {
      // Its outcome is told before that of the last change that is made with it.
      this.#steps.add(step);
    } else if (kind === "put" || kind === "add" || kind === "delete" || kind === "clear") {
      this.#steps.add(step);
      void outcome.then(() => this.#steps.delete(step));
    }
  }

  has(store: string): boolean {
    return [...this.#steps].some((step) => step.store === store);
  }
}

function changeSchema(
  connection: IDBDatabase,
  transaction: IDBTransaction,
  step: Exclude<UpgradeStep, RequestStep>,
): string {
  switch (step.kind) {
    case "createStore":
      return connection.createObjectStore(step.store).name;
    case "deleteStore":
      connection.deleteObjectStore(step.store);
      return [...connection.objectStoreNames].join();
    case "createIndex": {
      const store = transaction.objectStore(step.store);
      store.createIndex(step.index, step.keyPath, { unique: step.unique });
      return [...store.indexNames].join();
    }
    case "deleteIndex": {
      const store = transaction.objectStore(step.store);
      // fake-indexeddb accepts the deletion of an index that it has deleted a moment ago.
      if (!store.indexNames.contains(step.index)) return "absent";
      store.deleteIndex(step.index);
      return [...store.indexNames].join();
    }
  }
}

async function runTransaction(
  implementation: Implementation,
  database: IDBDatabase,
  plan: Session["batches"][number][number],
  log: Tell,
): Promise<void> {
  let transaction: IDBTransaction;
  try {
    transaction = database.transaction([...plan.stores], plan.mode);
  } catch (error) {
    log(`transaction threw ${nameOf(error)}`);
    return;
  }
  const end = endOf(transaction);
  const outcomes: Promise<void>[] = [];
  for (const [number, step] of plan.steps.entries()) {
    const outcome = request(implementation, transaction, step, (line) => log(`${number} ${line}`));
    outcomes.push(outcome);
    if (step.waits) await outcome;
  }
  if (plan.end === "commit") log(`commit ${attempt(() => transaction.commit())}`);
  if (plan.end === "abort" && plan.mode === "readwrite")
    log(`abort ${attempt(() => transaction.abort())}`);
  log(await end);
  await Promise.all(outcomes);
}

async function request(
  implementation: Implementation,
  transaction: IDBTransaction,
  step: RequestStep,
  log: Tell,
): Promise<void> {
  const label = `${step.operation.kind} on ${step.store}${step.index === undefined ? "" : `.${step.index}`}`;
  try {
    const store = transaction.objectStore(step.store);
    const source = step.index === undefined ? store : store.index(step.index);
    const placed = perform(implementation.keyRange, store, source, step.operation);
    await follow(placed, step, (line) => log(`${label} ${line}`));
  } catch (error) {
    log(`${label} threw ${nameOf(error)}`);
  }
}

/** Everything that a later reader finds in the database. */
async function tell(factory: IDBFactory, name: string, log: Tell): Promise<void> {
  const database = await connect(factory, name);
  log(`finally ${database.version} ${[...database.objectStoreNames].join()}`);
  if (database.objectStoreNames.length > 0) {
    const transaction = database.transaction([...database.objectStoreNames], "readonly");
    const end = endOf(transaction);
    const all: RequestStep[] = [];
    for (const store of database.objectStoreNames) {
      const indexes: (string | undefined)[] = [
        undefined,
        ...transaction.objectStore(store).indexNames,
      ];
      for (const index of indexes) {
        const moves = Array.from({ length: 100 }, () => ({ kind: "continue" as const }));
        const operation = {
          kind: "cursor" as const,
          query: { kind: "nothing" as const },
          direction: undefined,
          moves,
        };
        all.push({ kind: "request", store, index, operation, waits: true, prevents: false });
      }
    }
    await Promise.all(all.map((step) => dump(transaction, step, log)));
    log(await end);
  }
  database.close();
}

function dump(transaction: IDBTransaction, step: RequestStep, log: Tell): Promise<void> {
  const store = transaction.objectStore(step.store);
  const source = step.index === undefined ? store : store.index(step.index);
  return follow(source.openCursor(), step, (line) => log(`${step.store}.${step.index} ${line}`));
}

function attempt(work: () => unknown): string {
  try {
    return show(work());
  } catch (error) {
    return `threw ${nameOf(error)}`;
  }
}
