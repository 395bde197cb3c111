import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cloneValue, readValue } from "../../../src/matrix/indexeddb/values.ts";

function roundTrip(value: unknown): unknown {
  return readValue(cloneValue(value).stored);
}

describe("stored values", () => {
  it("come back as structuredClone would return them", () => {
    const value = fc.anything({
      withDate: true,
      withMap: true,
      withSet: true,
      withBigInt: true,
      withTypedArray: true,
    });
    fc.assert(
      fc.property(value, (given) => {
        let clone: unknown;
        try {
          clone = structuredClone(given);
        } catch {
          expect(() => cloneValue(given)).toThrow(
            expect.objectContaining({ name: "DataCloneError" }),
          );
          return;
        }
        expect(roundTrip(given)).toStrictEqual(clone);
      }),
      { numRuns: 1000 },
    );
  });

  it("keep an array of bytes an array, and a byte array a byte array", () => {
    expect(roundTrip([1, 2, 255])).toStrictEqual([1, 2, 255]);
    expect(roundTrip(Uint8Array.of(1, 2, 255))).toStrictEqual(Uint8Array.of(1, 2, 255));
    expect(roundTrip({ key: Uint8Array.of(7) })).toStrictEqual({ key: Uint8Array.of(7) });
  });

  it("stay readable JSON where JSON can hold them", () => {
    expect(cloneValue({ version: 1, ciphertext: "abc\u0000", nonce: "" }).stored).toBe(
      '{"version":1,"ciphertext":"abc\\u0000","nonce":""}',
    );
  });

  it("are refused like structuredClone refuses them", () => {
    expect(() => cloneValue({ call: () => 1 })).toThrow(
      expect.objectContaining({ name: "DataCloneError" }),
    );
  });
});
