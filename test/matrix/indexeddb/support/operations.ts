import * as fc from "fast-check";
import type { CursorMove, Operation, Query } from "./program.ts";

const text = fc.constantFrom(
  ..."a b c ab B z é 😀 \uffff \ud800 \udc00 \ue000 \u0001 \u0002 \u0003 \u001d \u007f \u0080".split(
    " ",
  ),
  "",
  "\u0000",
  "a\u0000",
  "a\u001db",
);
const number = fc.oneof(
  fc.integer({ min: -3, max: 3 }).map((value) => value + 0),
  fc.constantFrom(0.5, -0.5, 1e300, -1e300, 5e-324, Infinity, -Infinity),
);
const simpleKey = fc.oneof(
  { weight: 5, arbitrary: text },
  { weight: 3, arbitrary: number },
  { weight: 1, arbitrary: fc.integer({ min: -3, max: 3 }).map((value) => new Date(value)) },
  // Not empty: fake-indexeddb takes an empty view for a detached one.
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 3 }) },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ maxLength: 3 }).map((bytes) => Uint8Array.from(bytes).buffer),
  },
);
/** Valid keys of every type, from a pool small enough to collide. */
export const validKey: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: simpleKey },
  { weight: 1, arbitrary: fc.array(simpleKey, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.array(fc.array(simpleKey, { maxLength: 2 }), { maxLength: 2 }) },
);
const invalidKey = fc.constantFrom<unknown>(
  Number.NaN,
  null,
  true,
  {},
  [Number.NaN],
  new Date(Number.NaN),
);
const key = fc.oneof({ weight: 20, arbitrary: validKey }, { weight: 1, arbitrary: invalidKey });

/** A part of a record, which may be a key of an index. */
export const part = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<unknown>(0, 1, 2, "x", "y") },
  { weight: 2, arbitrary: validKey },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(null, undefined, true, Number.NaN, 10n, [], { d: 1 }),
  },
);
const record = fc.record(
  {
    a: part,
    b: part,
    c: fc.oneof(fc.record({ d: part }), part),
    // Here, for as an index key -0 comes back as 0.
    note: fc.oneof(fc.string({ maxLength: 4 }), fc.constant(-0)),
  },
  { requiredKeys: [] },
);
const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 12, arbitrary: record },
  { weight: 2, arbitrary: part },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(
      new Map([["a", 1]]),
      new Set([1]),
      { a: 1, bytes: Uint8Array.of(1, 2, 255) },
      Object.assign([1], { 2: 3 }),
      { ["__proto__"]: 1, a: "x" },
      { "\u0000": "\u0000", a: "\ud800" },
      () => 1,
    ),
  },
);

const query: fc.Arbitrary<Query> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ kind: "nothing" as const }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom("key" as const, "only" as const), key }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom("lower" as const, "upper" as const),
      key,
      open: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("bound" as const),
      lower: key,
      upper: key,
      lowerOpen: fc.boolean(),
      upperOpen: fc.boolean(),
    }),
  },
);

/** The newest draft reads an object that is no key as the options of getAll; the Rust store passes none. */
function isNoOptions(query: Query): boolean {
  if (query.kind !== "key" || query.key === true) return query.kind !== "key";
  return Object.getPrototypeOf(query.key ?? 0) !== Object.prototype;
}

export const move: fc.Arbitrary<CursorMove> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ kind: "continue" as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: "delete" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      // fake-indexeddb takes an undefined value for a missing argument.
      kind: fc.constant("update" as const),
      value: value.filter((given) => given !== undefined),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("continueTo" as const), key }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("advance" as const),
      count: fc.integer({ min: 0, max: 3 }),
    }),
  },
);

export const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("put" as const), key, value }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("add" as const), key, value }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom("get" as const, "getKey" as const, "delete" as const, "count" as const),
      query,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom("getAll" as const, "getAllKeys" as const),
      query: query.filter(isNoOptions),
      limit: fc.constantFrom<unknown>(undefined, undefined, 0, 1, 2, 3, -1, Number.NaN),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "clear" as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom("cursor" as const, "cursor" as const, "keyCursor" as const),
      query,
      direction: fc.constantFrom(undefined, "next", "prev", "nextunique", "prevunique"),
      moves: fc.array(move, { maxLength: 6 }),
    }),
  },
);
