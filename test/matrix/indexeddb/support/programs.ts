import * as fc from "fast-check";
import { move, operation, part } from "./operations.ts";
import type { Program, RequestStep, Session, TransactionPlan, UpgradeStep } from "./program.ts";

const store = fc.constantFrom("s", "s", "s", "t");
const index = fc.constantFrom("i", "j", "k");
const request: fc.Arbitrary<RequestStep> = fc.record({
  kind: fc.constant("request" as const),
  store,
  index: fc.option(index, { nil: undefined, freq: 1 }),
  operation,
  waits: fc.boolean(),
  prevents: fc.boolean(),
});

const keyPath = fc.constantFrom<string | string[]>(
  "a",
  "a",
  "b",
  "c.d",
  "a.length",
  "",
  ["a", "b"],
  ["b"],
  "1x",
  [],
);
const upgradeStep: fc.Arbitrary<UpgradeStep> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("createStore" as const), store }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("deleteStore" as const), store }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("createIndex" as const),
      store,
      index,
      keyPath,
      unique: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("deleteIndex" as const), store, index }) },
  { weight: 4, arbitrary: request },
);

/** Writes of records that meet each other under few keys, in the store and in its index `i`. */
const meetingKey = fc.constantFrom<unknown>("a", "b", "c", 1);
const meetingWrite: fc.Arbitrary<RequestStep> = fc.record({
  kind: fc.constant("request" as const),
  store: fc.constant("s"),
  index: fc.constant(undefined),
  operation: fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constantFrom("put" as const, "put" as const, "add" as const),
        key: meetingKey,
        value: fc.record({ a: fc.constantFrom<unknown>(0, 1, 2, "x"), b: part }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("delete" as const),
        query: fc.record({ kind: fc.constant("key" as const), key: meetingKey }),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: "clear" as const }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("cursor" as const),
        query: fc.constant({ kind: "nothing" as const }),
        direction: fc.constant(undefined),
        moves: fc.array(move, { minLength: 1, maxLength: 4 }),
      }),
    },
  ),
  waits: fc.boolean(),
  prevents: fc.boolean(),
});
const meetingWrites = fc.array(meetingWrite, { minLength: 1, maxLength: 4 });

/** An upgrade that deletes an index which holds records, amid writes of such records. */
const deletingUpgrade = fc
  .tuple(
    fc.array(fc.oneof(meetingWrite, upgradeStep), { maxLength: 3 }),
    fc.constant({ kind: "deleteIndex" as const, store: "s", index: "i" }),
    fc.array(fc.oneof(meetingWrite, upgradeStep), { maxLength: 3 }),
  )
  .map(([before, deletion, after]): UpgradeStep[] => [...before, deletion, ...after]);

const transaction: fc.Arbitrary<TransactionPlan> = fc.record({
  stores: fc.constantFrom(["s"], ["s"], ["s"], ["t"], ["s", "t"]),
  mode: fc.constantFrom("readwrite" as const, "readwrite" as const, "readonly" as const),
  steps: fc.array(request, { maxLength: 8 }),
  end: fc.constantFrom(
    "auto" as const,
    "auto" as const,
    "commit" as const,
    "commit" as const,
    "abort" as const,
  ),
});

/** Every program begins with both stores and one index, for else most of them would do nothing. */
const firstSession: fc.Arbitrary<Session> = fc.record({
  version: fc.constant(1),
  upgrade: fc
    .array(upgradeStep, { maxLength: 5 })
    .map((steps) => [
      { kind: "createStore" as const, store: "s" },
      { kind: "createStore" as const, store: "t" },
      { kind: "createIndex" as const, store: "s", index: "i", keyPath: "a", unique: false },
      ...steps,
    ]),
  abortsUpgrade: fc.constant(false),
  batches: fc.array(fc.array(transaction, { minLength: 1, maxLength: 3 }), {
    minLength: 1,
    maxLength: 3,
  }),
  restart: fc.constant(false),
});

const laterSession: fc.Arbitrary<Session> = fc.record({
  version: fc.constantFrom<number | "current">("current", "current", 0, 1, 2, -1),
  upgrade: fc.array(upgradeStep, { maxLength: 6 }),
  abortsUpgrade: fc.boolean(),
  batches: fc.array(fc.array(transaction, { minLength: 1, maxLength: 3 }), { maxLength: 3 }),
  restart: fc.boolean(),
});

const deletionSession: fc.Arbitrary<Session> = fc.record({
  version: fc.constantFrom(1, 2),
  upgrade: deletingUpgrade,
  abortsUpgrade: fc.boolean(),
  batches: fc.array(fc.array(transaction, { minLength: 1, maxLength: 3 }), { maxLength: 1 }),
  restart: fc.boolean(),
});

const randomProgram: fc.Arbitrary<Program> = fc
  .tuple(firstSession, fc.array(laterSession, { maxLength: 3 }))
  .map(([first, later]) => ({ sessions: [first, ...later] }));

/** The first session ends with records in its index; the second deletes that index. */
const deletionProgram: fc.Arbitrary<Program> = fc
  .tuple(firstSession, meetingWrites, deletionSession, fc.array(laterSession, { maxLength: 1 }))
  .map(([first, writes, deletion, later]) => ({
    sessions: [
      {
        ...first,
        batches: [
          ...first.batches,
          [{ stores: ["s"], mode: "readwrite", steps: writes, end: "auto" }],
        ],
      },
      deletion,
      ...later,
    ],
  }));

export const program: fc.Arbitrary<Program> = fc.oneof(
  { weight: 3, arbitrary: randomProgram },
  { weight: 1, arbitrary: deletionProgram },
);
