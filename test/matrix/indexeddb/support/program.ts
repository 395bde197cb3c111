/** A random program over two stores and three index names, as data. */
export interface Program {
  readonly sessions: readonly Session[];
}

export interface Session {
  /** What to open: relative to the highest version so far, or no version at all. */
  readonly version: number | "current";
  readonly upgrade: readonly UpgradeStep[];
  readonly abortsUpgrade: boolean;
  /** The transactions of a batch are created at once and overlap in time. */
  readonly batches: readonly (readonly TransactionPlan[])[];
  /** Throw away what the implementation holds in memory before this session. */
  readonly restart: boolean;
}

export type UpgradeStep =
  | { readonly kind: "createStore" | "deleteStore"; readonly store: string }
  | {
      readonly kind: "createIndex";
      readonly store: string;
      readonly index: string;
      readonly keyPath: string | string[];
      readonly unique: boolean;
    }
  | { readonly kind: "deleteIndex"; readonly store: string; readonly index: string }
  | RequestStep;

export interface TransactionPlan {
  readonly stores: readonly string[];
  readonly mode: "readonly" | "readwrite";
  readonly steps: readonly RequestStep[];
  readonly end: "auto" | "commit" | "abort";
}

export interface RequestStep {
  readonly kind: "request";
  readonly store: string;
  /** Read through this index instead of the store, where the operation allows it. */
  readonly index: string | undefined;
  readonly operation: Operation;
  /** Whether the program waits for the result before it goes on. */
  readonly waits: boolean;
  /** Whether it keeps a failed request from aborting the transaction. */
  readonly prevents: boolean;
}

export type Operation =
  | { readonly kind: "put" | "add"; readonly key: unknown; readonly value: unknown }
  | { readonly kind: "get" | "getKey" | "delete" | "count"; readonly query: Query }
  | { readonly kind: "getAll" | "getAllKeys"; readonly query: Query; readonly limit: unknown }
  | { readonly kind: "clear" }
  | {
      readonly kind: "cursor" | "keyCursor";
      readonly query: Query;
      readonly direction: string | undefined;
      readonly moves: readonly CursorMove[];
    };

export type CursorMove =
  | { readonly kind: "continue" | "delete" }
  | { readonly kind: "continueTo"; readonly key: unknown }
  | { readonly kind: "advance"; readonly count: number }
  | { readonly kind: "update"; readonly value: unknown };

export type Query =
  | { readonly kind: "nothing" }
  | { readonly kind: "key" | "only"; readonly key: unknown }
  | { readonly kind: "lower" | "upper"; readonly key: unknown; readonly open: boolean }
  | {
      readonly kind: "bound";
      readonly lower: unknown;
      readonly upper: unknown;
      readonly lowerOpen: boolean;
      readonly upperOpen: boolean;
    };
