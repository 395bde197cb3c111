import { inspect } from "node:util";
import type { IDBCursor } from "../../../../src/matrix/indexeddb/cursor.ts";
import type { IndexedDbEvent } from "../../../../src/matrix/indexeddb/events.ts";
import type { IDBKeyRange } from "../../../../src/matrix/indexeddb/index.ts";
import type { IDBIndex } from "../../../../src/matrix/indexeddb/index-handle.ts";
import type { IDBObjectStore } from "../../../../src/matrix/indexeddb/object-store.ts";
import type { IDBRequest } from "../../../../src/matrix/indexeddb/request.ts";
import type { CursorMove, Operation, Query, RequestStep } from "./program.ts";

export type Tell = (line: string) => void;

export function perform(
  keyRange: typeof IDBKeyRange,
  store: IDBObjectStore,
  source: IDBObjectStore | IDBIndex,
  operation: Operation,
): IDBRequest {
  switch (operation.kind) {
    case "put":
      return store.put(operation.value, operation.key);
    case "add":
      return store.add(operation.value, operation.key);
    case "clear":
      return store.clear();
    case "delete":
      return store.delete(readQuery(keyRange, operation.query));
    case "get":
      return source.get(readQuery(keyRange, operation.query));
    case "getKey":
      return source.getKey(readQuery(keyRange, operation.query));
    case "count":
      return source.count(readQuery(keyRange, operation.query));
    case "getAll":
      return source.getAll(readQuery(keyRange, operation.query), operation.limit);
    case "getAllKeys":
      return source.getAllKeys(readQuery(keyRange, operation.query), operation.limit);
    case "cursor":
      return source.openCursor(readQuery(keyRange, operation.query), operation.direction);
    case "keyCursor":
      return source.openKeyCursor(readQuery(keyRange, operation.query), operation.direction);
  }
}

function readQuery(keyRange: typeof IDBKeyRange, query: Query): unknown {
  switch (query.kind) {
    case "nothing":
      return undefined;
    case "key":
      return query.key;
    case "only":
      return keyRange.only(query.key);
    case "lower":
      return keyRange.lowerBound(query.key, query.open);
    case "upper":
      return keyRange.upperBound(query.key, query.open);
    case "bound":
      return keyRange.bound(query.lower, query.upper, query.lowerOpen, query.upperOpen);
  }
}

/** Tells the outcome of a request, and for a cursor of each of its moves. */
export function follow(placed: IDBRequest, step: RequestStep, log: Tell): Promise<void> {
  const moves: CursorMove[] =
    step.operation.kind === "cursor" || step.operation.kind === "keyCursor"
      ? [...step.operation.moves]
      : [];
  return new Promise((resolve) => {
    const refuse = (failed: IDBRequest, event: IndexedDbEvent): void => {
      if (step.prevents) event.preventDefault();
      log(`failed ${nameOf(failed.error)}`);
    };
    placed.onerror = (event) => {
      refuse(placed, event);
      resolve();
    };
    placed.onsuccess = () => {
      const result = placed.result;
      if (!isCursor(result)) {
        log(show(result));
        resolve();
        return;
      }
      log(
        `at ${show([result.key, result.primaryKey, "value" in result ? result.value : "no value"])}`,
      );
      for (;;) {
        const move = moves.shift();
        if (move === undefined) {
          resolve();
          return;
        }
        try {
          const changed = moveCursor(result, move);
          if (changed === undefined) return;
          changed.onsuccess = () => log(`${move.kind} gave ${show(changed.result)}`);
          changed.onerror = (event) => refuse(changed, event);
        } catch (error) {
          log(`${move.kind} threw ${nameOf(error)}`);
        }
      }
    };
  });
}

function moveCursor(cursor: IDBCursor, move: CursorMove): IDBRequest | undefined {
  switch (move.kind) {
    case "continue":
      cursor.continue();
      return undefined;
    case "continueTo":
      cursor.continue(move.key);
      return undefined;
    case "advance":
      cursor.advance(move.count);
      return undefined;
    case "update":
      return cursor.update(move.value);
    case "delete":
      return cursor.delete();
  }
}

function isCursor(value: unknown): value is IDBCursor {
  return (
    typeof value === "object" && value !== null && "primaryKey" in value && "direction" in value
  );
}

export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : String(error);
}

export function show(value: unknown): string {
  return inspect(value, { depth: Infinity, maxArrayLength: null, breakLength: Infinity });
}
