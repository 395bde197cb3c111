import { describe, expect, it } from "vitest";
import { instrumentCatalogue } from "../../src/config/instruments.ts";
import { findInstrument } from "../../src/domain/request/instrument.ts";
import { checkParticipation } from "../../src/domain/request/participation.ts";
import { parseState } from "../../src/domain/request/states.ts";

const catalogue = instrumentCatalogue();
const today = Temporal.PlainDate.from("2026-12-01");

function available(code: string, to: string, from = "RO"): boolean {
  const instrument = findInstrument(catalogue, code);
  if (instrument === undefined) throw new Error(`no ${code}`);
  try {
    checkParticipation(catalogue, instrument, parseState(from), [parseState(to)], today);
    return true;
  } catch {
    return false;
  }
}

describe("the files of the instruments", () => {
  it("hold the twelve instruments", () => {
    expect(catalogue.instruments.map(({ code }) => code).toSorted()).toEqual(
      "CNF EAW EIO EPOC EPOC-PR ESO FRZ ITN JITA JITF MLA TCP".split(" "),
    );
  });

  it.each([
    // instrument, Denmark, Ireland, United Kingdom, Serbia
    ["EIO", false, false, false, false],
    ["ITN", false, false, false, false],
    ["EAW", true, true, false, false],
    ["FRZ", false, false, false, false],
    ["CNF", false, false, false, false],
    ["EPOC", false, true, false, false],
    ["EPOC-PR", false, true, false, false],
    ["ESO", true, true, false, false],
    ["TCP", false, true, false, false],
    ["MLA", true, true, true, true],
    ["JITA", true, true, true, true],
  ] as const)("know with whom %s is available", (code, dk, ie, gb, rs) => {
    expect([
      available(code, "DK"),
      available(code, "IE"),
      available(code, "GB"),
      available(code, "RS"),
    ]).toEqual([dk, ie, gb, rs]);
    expect(available(code, "BE")).toBe(true);
  });

  it("let every status be reached from a draft", () => {
    const { statuses, initial, sideExits } = catalogue.statuses;
    const reached = new Set([initial, ...sideExits]);
    for (const status of reached) {
      for (const next of statuses[status]?.next ?? []) reached.add(next);
    }
    expect(Object.keys(statuses).filter((status) => !reached.has(status))).toEqual([]);
  });
});
