import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCaseSaid } from "../../../src/domain/case/case-said.ts";

const nightjar = { code: "JIT-0001", name: "NIGHTJAR" };
const heron = { code: "JIT-0002", name: "Grey Heron (2)" };
const own = [nightjar, heron];

function read(text: string) {
  return readCaseSaid(text, own);
}

describe("which case a message means", () => {
  it("is said alone, by name or by code", () => {
    for (const text of ["in NIGHTJAR", "!in nightjar", "nightjar", " in jit-0001. ", "JIT-0001"]) {
      expect(read(text), text).toEqual({ kind: "chosen", of: nightjar });
    }
    expect(read('in "grey  heron (2)"')).toEqual({ kind: "chosen", of: heron });
  });

  it("is said before or after a command, and taken out of it", () => {
    const command = "!action list";
    for (const text of [
      "!action list in NIGHTJAR",
      "!action list\nin JIT-0001.",
      "in NIGHTJAR !action list",
      "!in nightjar: !action list",
      "In NIGHTJAR\n\n!action list",
      "in NIGHTJAR !action list in JIT-0001",
    ]) {
      expect(read(text), text).toEqual({ kind: "with-command", of: nightjar, command });
    }
    expect(read("!action add in May we travel in Grey Heron (2)")).toEqual({
      ...{ kind: "with-command", of: heron, command: "!action add in May we travel" },
    });
  });

  it("is not guessed where a sentence begins or ends with in", () => {
    for (const text of [
      "in the meantime I have a question",
      "!action add meet in Brussels",
      "!action add write to NIGHTJARS in NIGHTJARS",
      "!action add in NIGHTJAR something",
      "good morning",
    ]) {
      expect(read(text), text).toEqual({ kind: "none" });
    }
  });

  it("is unknown where somebody means a case that is not theirs", () => {
    expect(read("in STORK")).toEqual({ kind: "unknown", named: "STORK" });
    expect(read("in STORK\n!action list")).toEqual({ kind: "unknown", named: "STORK" });
    expect(read("!in the blue bird")).toEqual({ kind: "unknown", named: "the blue bird" });
    expect(read("in NIGHTJAR !action list in JIT-0002")).toEqual({ kind: "two" });
  });

  it("is the longer of two names that end alike", () => {
    const may = { code: "JIT-0003", name: "May" };
    const long = { code: "JIT-0004", name: "Birds in May" };
    expect(readCaseSaid("!action list in birds in may", [may, long])).toEqual({
      ...{ kind: "with-command", of: long, command: "!action list" },
    });
  });

  it("is found after every command, whatever that says", () => {
    const words = fc.string({ unit: "grapheme", maxLength: 60 });
    fc.assert(
      fc.property(words, fc.constantFrom("NIGHTJAR", "jit-0001"), (text, name) => {
        const said = read(`!action add x${text}x in ${name}`);
        expect(said).toEqual({
          ...{ kind: "with-command", of: nightjar, command: `!action add x${text}x` },
        });
      }),
    );
  });

  it("never leaves a case of one's own at the end of a command", () => {
    const words = fc.string({ maxLength: 60 });
    fc.assert(
      fc.property(words, fc.constantFrom("NIGHTJAR", "Grey Heron (2)"), (text, name) => {
        const said = read(`!${text} in ${name}`);
        expect(said.kind).not.toBe("none");
        expect("command" in said && said.command.endsWith(` in ${name}`)).toBe(false);
      }),
    );
  });
});
