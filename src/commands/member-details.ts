import type { PersonDetails } from "../domain/case/person.ts";
import { nearest } from "../domain/text/nearest.ts";
import { canonicalZone } from "../domain/time/zone.ts";
import { type Argument, phrase, UsageError, word } from "./argument.ts";

const quoteIt = "If it belongs to the function, put the function in quotation marks.";

/** Where somebody is. */
export const zoneName = word(
  "time zone",
  "where the person is, such as Europe/Bucharest",
  readZone,
);

/** The words after which each detail is typed. */
const names = {
  function: /^[\s,;]*function(?=[\s:=]|$)[\s:=]*/i,
  languages: /^[\s,;]*languages?(?=[\s:=]|$)[\s:=]*/i,
  timeZone: /^[\s,;]*(?:time[\s-]?)?zone(?=[\s:=]|$)[\s:=]*/i,
} as const;
const NEXT_NAME = /[\s,;]+(?=(?:function|languages?|(?:time[\s-]?)?zone)(?:[\s:=]|$))/i;
const QUOTED = /^["“„«]/;

const quotedFunction = phrase("function", "what the person is");

/** New details of somebody on the roster, each after its name, in any order. */
export const memberDetails: Argument<PersonDetails> = {
  usage: "<function, languages or zone> <new>",
  summary:
    "what is new, after its name, and one or several of them: function Prosecutor, languages ro en (or none), zone Europe/Bucharest",
  read(text, context) {
    let details: PersonDetails = {};
    let rest = text;
    do {
      const name = nameAt(rest);
      if (name in details) throw new UsageError("The same stands there twice: write it once.");
      const content = rest.replace(names[name], "");
      if (name === "function" && QUOTED.test(content)) {
        const quoted = quotedFunction.read(content, context);
        details = { ...details, function: quoted.value };
        rest = quoted.rest;
      } else {
        const said = content.split(NEXT_NAME, 1)[0] ?? content;
        details = { ...details, ...read(name, said.trim()) };
        rest = content.slice(said.length);
      }
    } while (rest.trim() !== "");
    return { value: details, rest: "" };
  },
};

function nameAt(text: string): keyof typeof names {
  if (names.function.test(text)) return "function";
  if (names.languages.test(text)) return "languages";
  if (names.timeZone.test(text)) return "timeZone";
  const first = /^[\s,;]*([^\s:=]*)/.exec(text)?.[1] ?? "";
  throw new UsageError(whyNot(first));
}

function whyNot(typed: string): string {
  const wanted = typed.toLowerCase();
  if (wanted === "") return "What changes is missing: write function, languages or zone before it.";
  if (wanted === "role") return "A role is given with !member role.";
  if (["state", "body", "country"].includes(wanted)) {
    return "The State or body of somebody stays, for a vote would go with it: !member remove takes the person out, and !member add puts them on the roster for another one.";
  }
  const guess = nearest(wanted, ["function", "languages", "zone"]);
  const hint = guess === undefined ? "" : ` Did you mean ${guess}?`;
  return `“${typed}” is nothing that is changed here: write function, languages or zone before what is new.${hint}`;
}

function read(name: keyof typeof names, said: string): PersonDetails {
  if (said === "") throw new UsageError(`What comes after ${shown[name]} is missing.`);
  if (name === "function") return { function: said };
  if (name === "timeZone") return { timeZone: readZone(said.replace(/[,;]$/, "")) };
  return { languages: readLanguages(said) };
}

const shown = { function: "function", languages: "languages", timeZone: "zone" } as const;

function readZone(text: string): string {
  const zone = canonicalZone(text);
  if (zone !== undefined) return zone;
  const guess = nearest(text, Intl.supportedValuesOf("timeZone"));
  const hint = guess === undefined ? "" : ` Did you mean ${guess}?`;
  throw new UsageError(`“${text}” is not a time zone such as Europe/Bucharest. ${quoteIt}${hint}`);
}

/** Codes of ISO 639, as they stand in rosters. */
function readLanguages(said: string): string[] {
  if (/^none$/i.test(said)) return [];
  const codes = said
    .split(/[\s,;/|]+/)
    .filter((code) => code !== "")
    .map(readLanguage);
  return [...new Set(codes)];
}

const english = new Intl.DisplayNames("en", { type: "language", fallback: "none" });

function readLanguage(typed: string): string {
  const code = typed.toLowerCase();
  if (/^[a-z]{2,3}$/.test(code) && english.of(code) !== undefined) return code;
  const byName = languageNames();
  const guess = nearest(typed, byName.keys());
  const hint =
    guess === undefined ? ` ${quoteIt}` : ` Did you mean ${byName.get(guess)} (${guess})?`;
  throw new UsageError(
    `“${typed}” is not a language: write its code, such as ro for Romanian.${hint}`,
  );
}

/** The codes of two letters by the English names of their languages. */
function languageNames(): ReadonlyMap<string, string> {
  const letters = [..."abcdefghijklmnopqrstuvwxyz"];
  const codes = letters.flatMap((first) => letters.map((second) => `${first}${second}`));
  return new Map(
    codes.flatMap((code): [string, string][] => {
      const name = english.of(code);
      return name === undefined ? [] : [[name, code]];
    }),
  );
}
