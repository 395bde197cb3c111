import { RogatoryError } from "../errors.ts";
import { nearest } from "../text/nearest.ts";
import { findInstrument, type Instrument, type InstrumentCatalogue } from "./instrument.ts";
import { LONGEST_MEASURE } from "./request.ts";
import { findState, parseState, type StateCode } from "./states.ts";

/** What `!request new` was told. */
export interface RequestLine {
  readonly instrument: Instrument;
  /** Undefined: the State of whoever typed. */
  readonly issuing: StateCode | undefined;
  readonly executing: readonly StateCode[];
  readonly measure: string;
}

const SIDE = /^\s*(?<side>to|from)[\s:=]+/i;

/**
 * Reads `<instrument> to <State> [from <State>]: <measure>`. The colon may be left out.
 *
 * @throws RogatoryError `request.*` or `state.unknown`
 */
export function parseRequestLine(said: string, catalogue: InstrumentCatalogue): RequestLine {
  const [, typed = "", afterCode = ""] = /^\s*([^\s:,]*)[:,]?([\s\S]*)$/.exec(said) ?? [];
  const instrument = requireInstrument(typed, catalogue);
  let rest = afterCode;
  let executing: readonly StateCode[] | undefined;
  let issuing: StateCode | undefined;
  for (let side = SIDE.exec(rest); side !== null; side = SIDE.exec(rest)) {
    const text = rest.slice(side[0].length);
    if (side.groups?.side?.toLowerCase() === "to" && executing === undefined) {
      const read = readAddressee(text, instrument);
      executing = read.states;
      rest = read.rest;
    } else if (side.groups?.side?.toLowerCase() === "from" && issuing === undefined) {
      const read = readState(text);
      issuing = read.state;
      rest = read.rest;
    } else {
      break;
    }
  }
  const measure = rest.replace(/^[\s:,;–—-]+/, "").trim();
  if (executing === undefined && instrument.addressee !== "eurojust") {
    throw new RogatoryError(
      "request.addressee",
      `To which State? Write “${instrument.code} to BE: …”.`,
    );
  }
  if (measure === "") {
    throw new RogatoryError(
      "request.measure",
      "Say what is requested, after a colon: “: bank statements”.",
    );
  }
  if (measure.length > LONGEST_MEASURE) {
    throw new RogatoryError(
      "request.long",
      `The measure has at most ${LONGEST_MEASURE} characters here. Say what it is; the form says the rest.`,
    );
  }
  return { instrument, issuing, executing: executing ?? [], measure };
}

function requireInstrument(typed: string, catalogue: InstrumentCatalogue): Instrument {
  const found = findInstrument(catalogue, typed);
  if (found !== undefined) return found;
  const codes = catalogue.instruments.map(({ code }) => code);
  if (typed === "") {
    throw new RogatoryError("request.instrument", `Which instrument? Use ${codes.join(", ")}.`);
  }
  const guess = nearest(typed, codes);
  throw new RogatoryError(
    "request.instrument",
    `“${typed}” is not an instrument: use ${codes.join(", ")}.${guess === undefined ? "" : ` Did you mean ${guess}?`}`,
  );
}

function readAddressee(text: string, instrument: Instrument) {
  if (instrument.addressee === "eurojust") {
    const named = /^eurojust\b/i.exec(text);
    if (named === null) {
      throw new RogatoryError("request.addressee", `${instrument.code} goes to Eurojust.`);
    }
    return { states: [], rest: text.slice(named[0].length) };
  }
  const states: StateCode[] = [];
  let rest = text;
  for (;;) {
    const read = readState(rest);
    states.push(read.state);
    rest = read.rest;
    const more = /^\s*(?:,\s*(?:and\s+)?|\+\s*|&\s*|and\s+)/i.exec(rest);
    const next = more === null ? undefined : tryState(rest.slice(more[0].length));
    if (more === null || next === undefined) break;
    rest = rest.slice(more[0].length);
  }
  if (instrument.addressee === "state" && states.length > 1) {
    throw new RogatoryError(
      "request.one-state",
      `One ${instrument.code} goes to one State: make one for each.`,
    );
  }
  return { states: [...new Set(states)], rest };
}

function readState(text: string): { readonly state: StateCode; readonly rest: string } {
  const found = tryState(text);
  if (found !== undefined) return found;
  const [said = ""] = /^[^\s:,;]*/.exec(text) ?? [];
  if (said === "") throw new RogatoryError("request.addressee", "The State is missing.");
  return { state: parseState(said), rest: text.slice(said.length) };
}

/** A name may have several words; the longest that is a State counts. */
function tryState(text: string): { readonly state: StateCode; readonly rest: string } | undefined {
  const [first = ""] = /^[^:,;\n]*/.exec(text) ?? [];
  const ends = [...first.matchAll(/(?=\s|$)/g)].map(({ index }) => index).slice(0, 7);
  for (const end of ends.toReversed()) {
    const state = findState(first.slice(0, end));
    if (state !== undefined) return { state, rest: text.slice(end) };
  }
  return undefined;
}
