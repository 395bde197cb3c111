import { z } from "zod";
import { RogatoryError } from "../errors.ts";
import { nearest } from "../text/nearest.ts";

/** ISO 3166-1 alpha-2, two capital letters. */
export const StateCode = z
  .string()
  .regex(/^[A-Z]{2}$/, "a State is two capital letters of ISO 3166-1")
  .brand<"StateCode">();
export type StateCode = z.infer<typeof StateCode>;

const names = new Intl.DisplayNames("en-GB", { type: "region", fallback: "none" });

/** Codes of EU style, and codes of the name table that are no States. */
const ALIASES: Readonly<Record<string, string>> = { EL: "GR", UK: "GB" };
const NO_STATES = new Set([
  "AC",
  "CP",
  "CQ",
  "DG",
  "EA",
  "EU",
  "EZ",
  "IC",
  "QO",
  "TA",
  "UN",
  "XA",
  "XB",
  "ZZ",
]);

const states: ReadonlyMap<StateCode, string> = new Map(
  [...letterPairs()].flatMap((pair) => {
    const name = NO_STATES.has(pair) ? undefined : names.of(pair);
    // A withdrawn code is an alias of another one, and would make its name ambiguous.
    const current = new Intl.Locale(`und-${pair}`).region === pair;
    return name === undefined || !current ? [] : [[StateCode.parse(pair), name] as const];
  }),
);

/** `Belgium` for `BE`. */
export function stateName(code: StateCode): string {
  return states.get(code) ?? code;
}

const WITH_ARTICLE = new Set("AE BS CD CF CG DO GB GM KM MH MV NL PH SB SC US".split(" "));

/** `Belgium`, but `The Netherlands`: the name at the beginning of a sentence. */
export function stateAsSubject(code: StateCode): string {
  return WITH_ARTICLE.has(code) ? `The ${stateName(code)}` : stateName(code);
}

/**
 * The code of a State, from a code or an English name, in any case of letters.
 *
 * @throws RogatoryError `state.unknown`
 */
export function parseState(said: string): StateCode {
  const found = findState(said);
  if (found !== undefined) return found;
  const guess = nearestState(said);
  const hint = guess === undefined ? "" : ` Did you mean ${guess}?`;
  throw new RogatoryError(
    "state.unknown",
    `“${said}” is not a State. Write its two letters, such as BE, or its name.${hint}`,
  );
}

export function findState(said: string): StateCode | undefined {
  const upper = said.trim().toUpperCase();
  const code = StateCode.safeParse(ALIASES[upper] ?? upper);
  if (code.success && states.has(code.data)) return code.data;
  const wanted = said
    .trim()
    .replace(/^the\s+/i, "")
    .toLowerCase();
  for (const [known, name] of states) if (name.toLowerCase() === wanted) return known;
  return undefined;
}

/** A code or a name, whichever is nearer to what was typed. */
function nearestState(said: string): string | undefined {
  return nearest(said.trim(), [...states.values(), ...states.keys()]);
}

/** As a State is written in files: its two letters, or those that the EU uses (EL, UK). */
export const WrittenState = z.string().transform((said, context): string => {
  const found = findState(said);
  if (found !== undefined && /^[A-Z]{2}$/.test(said)) return found;
  const guess = found ?? nearestState(said);
  const hint = guess === undefined ? "" : `; perhaps you meant ${guess}`;
  const message = `use the two capital letters of ISO 3166-1, such as RO${hint}`;
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});

/**
 * As a State is kept, whatever was accepted when it was written: two letters. Those that the EU uses
 * become those of ISO 3166-1, so that one State is not counted as two.
 */
export const KeptState = z
  .string()
  .regex(/^[A-Z]{2}$/, "use the two capital letters of ISO 3166-1, such as RO")
  .transform((code) => ALIASES[code] ?? code);

/** Bodies that are called by two letters, as States are. */
const SHORT_BODIES = new Set(["EU", "UN"]);

/** Whether somebody has meant a State, even if there is none of this code. */
export function isMeantAsState(said: string): boolean {
  const upper = said.trim().toUpperCase();
  return findState(said) !== undefined || (/^[A-Z]{2}$/.test(upper) && !SHORT_BODIES.has(upper));
}

function* letterPairs(): Generator<string> {
  const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  for (const first of letters) for (const second of letters) yield first + second;
}
