import { describe, expect, it } from "vitest";
import { instrumentCatalogue } from "../../../src/config/instruments.ts";
import { parseRequestLine } from "../../../src/domain/request/line.ts";
import { formatRequestNumber, parseRequestNumber } from "../../../src/domain/request/request.ts";
import { findState, stateName } from "../../../src/domain/request/states.ts";

const catalogue = instrumentCatalogue();

function read(said: string): string {
  const { instrument, issuing, executing, measure } = parseRequestLine(said, catalogue);
  return `${instrument.code} ${issuing ?? "-"} > ${executing.join("+") || "-"} | ${measure}`;
}

describe("a request as people type it", () => {
  it.each([
    ["EIO to BE: bank statements", "EIO - > BE | bank statements"],
    ["eio to=be measure of freezing", "EIO - > BE | measure of freezing"],
    ["EIO to BE from RO: bank statements", "EIO RO > BE | bank statements"],
    ["EIO from Romania to Belgium — bank statements", "EIO RO > BE | bank statements"],
    ["MLA to the United Kingdom hearing of a witness", "MLA - > GB | hearing of a witness"],
    ["MLA to UK: hearing", "MLA - > GB | hearing"],
    ["EIO to BE: transfer to NL from there", "EIO - > BE | transfer to NL from there"],
    ["JITA to BE, NL and Serbia: draft", "JITA - > BE+NL+RS | draft"],
    ["JITF: first action period", "JITF - > - | first action period"],
    ["JITF to Eurojust: first action period", "JITF - > - | first action period"],
  ])("%s", (said, expected) => {
    expect(read(said)).toBe(expected);
  });

  it.each([
    ["", /Which instrument\?/],
    ["EIO to BE, NL: x", /One EIO goes to one State/],
    ["JITF to BE: x", /JITF goes to Eurojust/],
    ["EIO to: x", /is not a State|State is missing/],
  ])("refuses “%s” with what to write instead", (said, expected) => {
    expect(() => read(said)).toThrow(expected);
  });
});

describe("numbers of requests and names of States", () => {
  it("read what they write, also for an instrument with a hyphen", () => {
    for (const { code } of catalogue.instruments) {
      const number = { instrument: code, number: 7 };
      expect(parseRequestNumber(formatRequestNumber(number).toLowerCase())).toEqual(number);
    }
    expect(parseRequestNumber("001")).toBeUndefined();
  });

  it("find every Member State by its code and by its name", () => {
    const codes =
      "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE";
    for (const code of codes.split(" ")) {
      const state = findState(code);
      expect(state).toBe(code);
      expect(state && findState(stateName(state))).toBe(code);
    }
  });
});
