import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { editDistance, nearest } from "../../../src/domain/text/nearest.ts";

describe("nearest", () => {
  const tags = ["point", "bestpractice", "practical", "challenge", "w1", "w2"];

  it("finds the word that was meant when a letter is missing, wrong or swapped", () => {
    expect(nearest("bestpratice", tags)).toBe("bestpractice");
    expect(nearest("chalenge", tags)).toBe("challenge");
    expect(nearest("piont", tags)).toBe("point");
    expect(nearest("W22", tags)).toBe("w2");
  });

  it("finds nothing when no word is near", () => {
    expect(nearest("zzzzzz", tags)).toBeUndefined();
    expect(nearest("x", [])).toBeUndefined();
  });

  it("finds every word itself, in any letter case", () => {
    fc.assert(
      fc.property(fc.constantFrom(...tags), (tag) => {
        expect(nearest(tag.toUpperCase(), tags)).toBe(tag);
      }),
    );
  });
});

describe("editDistance", () => {
  it("is symmetric, zero for equal words only, and at most the longer length", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max([...a].length, [...b].length));
      }),
    );
  });
});
