import { IDBFactory as FakeFactory } from "fake-indexeddb";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeKey, encodeKey, tryEncodeKey } from "../../../src/matrix/indexeddb/keys.ts";
import { validKey } from "./support/operations.ts";

const fake = new FakeFactory();
const anyKey = fc.oneof(
  validKey,
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.double({ noNaN: true }),
);

describe("encoded keys", () => {
  it("sort as IndexedDB sorts keys", () => {
    fc.assert(
      fc.property(anyKey, anyKey, (first, second) => {
        const low = encodeKey(first);
        const high = encodeKey(second);
        expect(low < high ? -1 : low > high ? 1 : 0).toBe(fake.cmp(first, second));
      }),
      { numRuns: 2000 },
    );
  });

  it("come back as an equal key of the same type", () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        const decoded = decodeKey(encodeKey(key));
        expect(fake.cmp(decoded, key)).toBe(0);
        expect(encodeKey(decoded)).toBe(encodeKey(key));
      }),
      { numRuns: 1000 },
    );
  });

  it("are ASCII without NUL and never a prefix of one another", () => {
    fc.assert(
      fc.property(anyKey, anyKey, (first, second) => {
        const low = encodeKey(first);
        const high = encodeKey(second);
        for (const character of low)
          expect(character >= "\u0001" && character <= "\u007f").toBe(true);
        expect(low !== high && high.startsWith(low)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it("leave the usual keys of the crypto store readable", () => {
    expect(encodeKey("room\u001dsession")).toBe("3room\u001dsession\u0001");
  });

  it.each([
    ["not a number", Number.NaN],
    ["an invalid date", new Date(Number.NaN)],
    ["a boolean", true],
    ["null", null],
    ["an object", {}],
    ["an array with a hole", Object.assign([1], { 2: 1 })],
    ["a detached buffer", detached()],
  ])("refuse %s", (_, value) => {
    expect(tryEncodeKey(value)).toBeUndefined();
  });

  it("refuse an array that holds itself", () => {
    const array: unknown[] = [];
    array.push(array);
    expect(() => encodeKey(array)).toThrow(expect.objectContaining({ name: "DataError" }));
  });

  it("refuse a key that would not fit into an index row, instead of failing at the commit", () => {
    expect(() => encodeKey("k".repeat(5000))).toThrow(
      expect.objectContaining({ name: "DataError" }),
    );
  });
});

function detached(): ArrayBuffer {
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}
