import type { IDBDatabase } from "../../../../src/matrix/indexeddb/database.ts";
import type { IDBFactory } from "../../../../src/matrix/indexeddb/index.ts";
import type { IDBOpenDBRequest, IDBRequest } from "../../../../src/matrix/indexeddb/request.ts";
import type { IDBTransaction } from "../../../../src/matrix/indexeddb/transaction.ts";

/** The result of a request; rejects with its error. */
export function resultOf(request: IDBRequest): Promise<unknown> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Which event ended the transaction. Listen before it can have ended. */
export function endOf(transaction: IDBTransaction): Promise<string> {
  return new Promise((resolve) => {
    transaction.oncomplete = () => resolve("complete");
    transaction.onabort = () => resolve(`abort ${transaction.error?.name ?? "on request"}`);
  });
}

/** A connection; rejects with the error of the request. */
export function connect(
  factory: IDBFactory,
  name: string,
  version?: number,
  upgrade?: (database: IDBDatabase, transaction: IDBTransaction, request: IDBOpenDBRequest) => void,
): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open(name, version);
    let connection: IDBDatabase | undefined;
    request.onupgradeneeded = () => {
      connection = databaseOf(request);
      if (request.transaction !== null) upgrade?.(connection, request.transaction, request);
    };
    request.onsuccess = () => resolve(databaseOf(request));
    request.onerror = () => reject(request.error);
  });
}

/** The result of an open request of either implementation. */
function databaseOf(request: { readonly result: unknown }): IDBDatabase {
  const result: unknown = request.result;
  if (!isDatabase(result)) throw new Error("The request holds no database.");
  return result;
}

function isDatabase(value: unknown): value is IDBDatabase {
  return typeof value === "object" && value !== null && "objectStoreNames" in value;
}
