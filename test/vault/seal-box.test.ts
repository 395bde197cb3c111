import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { SealBox } from "../../src/vault/seal-box.ts";

const place = { table: "meeting", column: "details", row: "1" };
const Text = z.string();

describe("SealBox", () => {
  it("opens what it sealed, whatever it was", () => {
    const box = new SealBox(randomBytes(32), "case");
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(box.open(place, box.seal(place, text), Text)).toBe(text);
      }),
    );
  });

  it("never seals the same text to the same bytes", () => {
    const box = new SealBox(randomBytes(32), "case");
    expect(box.seal(place, "same")).not.toBe(box.seal(place, "same"));
  });

  it("does not open a value in another row, column, table or case", () => {
    const key = randomBytes(32);
    const sealed = new SealBox(key, "case").seal(place, "secret");
    for (const elsewhere of [
      { ...place, row: "2" },
      { ...place, column: "status" },
      { ...place, table: "request" },
    ]) {
      expect(() => new SealBox(key, "case").open(elsewhere, sealed, Text)).toThrow(/does not open/);
    }
    expect(() => new SealBox(key, "other").open(place, sealed, Text)).toThrow(/does not open/);
  });

  it("does not open with another key, nor when any character was changed", () => {
    const box = new SealBox(randomBytes(32), "case");
    const sealed = box.sealBytes(place, Buffer.from("evidence"));
    expect(() => new SealBox(randomBytes(32), "case").openBytes(place, sealed)).toThrow();
    expect(box.openBytes(place, sealed).toString()).toBe("evidence");
  });

  it("says nothing of the content in its error", () => {
    const box = new SealBox(randomBytes(32), "case");
    const sealed = box.seal(place, "the name of a witness");
    try {
      new SealBox(randomBytes(32), "case").open(place, sealed, Text);
      expect.unreachable();
    } catch (error) {
      expect(String(error)).not.toContain("witness");
      expect(String(error)).not.toContain(sealed);
    }
  });
});
