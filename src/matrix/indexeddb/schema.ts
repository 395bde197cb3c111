import type { KeyPath } from "./key-path.ts";

/** The index columns of `crypto_record`; a store cannot have more indexes than this at a time. */
export const INDEX_SLOTS = 6;

export interface IndexSchema {
  readonly name: string;
  readonly keyPath: KeyPath;
  readonly unique: boolean;
  /** 1 to {@link INDEX_SLOTS}: the column of `crypto_record` that holds this index. */
  readonly slot: number;
  /** False until the records that were there before the index have been entered. */
  filled: boolean;
  deleted: boolean;
}

export interface StoreSchema {
  readonly id: number;
  readonly name: string;
  indexes: Map<string, IndexSchema>;
  /** False until committed once: nothing of it can be in the database yet. */
  persisted: boolean;
  deleted: boolean;
}

export interface DatabaseSchema {
  readonly name: string;
  /** Undefined until the first upgrade is committed. */
  id: number | undefined;
  version: number;
  stores: Map<string, StoreSchema>;
  lastStoreId: number;
}

export function emptyDatabase(name: string): DatabaseSchema {
  return { name, id: undefined, version: 0, stores: new Map(), lastStoreId: 0 };
}

/** Remembers a schema before an upgrade; the returned function puts it back. */
export function rememberSchema(schema: DatabaseSchema): () => void {
  const version = schema.version;
  const lastStoreId = schema.lastStoreId;
  const stores = new Map(schema.stores);
  const indexes = new Map([...stores.values()].map((store) => [store, new Map(store.indexes)]));
  return () => {
    for (const store of schema.stores.values()) {
      store.deleted = true;
      for (const index of store.indexes.values()) index.deleted = true;
    }
    schema.version = version;
    schema.lastStoreId = lastStoreId;
    schema.stores = stores;
    for (const [store, remembered] of indexes) {
      store.deleted = false;
      store.indexes = remembered;
      for (const index of remembered.values()) index.deleted = false;
    }
  };
}
