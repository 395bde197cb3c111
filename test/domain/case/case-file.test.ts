import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CaseFileContent,
  type CaseFileContext,
  checkCaseFile,
  planCase,
} from "../../../src/domain/case/case-file.ts";
import { UserId } from "../../../src/domain/ids.ts";

const context: CaseFileContext = {
  templates: ["jit"],
  template: { roles: ["leader", "member"], hasSectionRooms: true, federate: true },
  reportTemplates: ["focus-group"],
  fixedSections: [{ code: "intro", title: "Introduction" }],
  serverName: "example.org",
  bots: [UserId.parse("@rogatory_clerk:example.org")],
};

function file(changes: Readonly<Record<string, unknown>> = {}): CaseFileContent {
  return CaseFileContent.parse({
    template: "jit",
    name: "NIGHTJAR",
    timeZone: "Europe/Bucharest",
    roster: [person("ro")],
    ...changes,
  });
}

function person(localpart: string, changes: Readonly<Record<string, unknown>> = {}) {
  return { localpart, function: "Prosecutor", state: "RO", role: "leader", ...changes };
}

describe("a case file", () => {
  it("gives people without a time zone that of the case", () => {
    const roster = [person("ro"), person("be", { timeZone: "Europe/Brussels" })];
    const { people } = planCase(file({ roster }), "example.org");
    expect(people.map(({ userId, profile: { timeZone } }) => [userId, timeZone])).toEqual([
      ["@ro:example.org", "Europe/Bucharest"],
      ["@be:example.org", "Europe/Brussels"],
    ]);
  });

  it("takes a localpart and a whole Matrix id of the same person for duplicates", () => {
    const { localpart: _, ...same } = person("");
    const roster = [person("ro"), { ...same, matrixId: "@ro:example.org" }];
    expect(checkCaseFile(file({ roster }), context)).toEqual([
      { path: ["roster", 1, "matrixId"], message: "is the same person as roster[0]" },
    ]);
  });

  it("refuses people of other homeservers where the rooms are closed to them", () => {
    const { localpart: _, ...other } = person("");
    const roster = [{ ...other, matrixId: "@rs:partner.example" }];
    expect(checkCaseFile(file({ roster }), context)).toEqual([]);
    const closed = { roles: ["leader"], hasSectionRooms: false, federate: false };
    expect(checkCaseFile(file({ roster }), { ...context, template: closed })).toHaveLength(1);
  });

  it("accepts every agenda of distinct codes in two levels", () => {
    const codes = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(codes, fc.array(fc.nat(), { maxLength: 12 }), ([first, ...rest], choices) => {
        fc.pre(first !== undefined && ![first, ...rest].includes("intro"));
        const agenda = [
          { code: first, title: "Main" },
          ...rest.map((code, index) => ({
            code,
            title: "Section",
            ...((choices[index] ?? 0) % 2 === 1 ? { parent: first } : {}),
          })),
        ];
        expect(checkCaseFile(file({ agenda }), context)).toEqual([]);
      }),
    );
  });

  it("finds every repeated code and every parent that is none", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 }), (twice, lost) => {
        const agenda = [
          ...Array.from({ length: twice + 1 }, () => ({ code: "s1", title: "Again" })),
          ...Array.from({ length: lost }, (_, index) => ({
            code: `w${index}`,
            title: "Below nothing",
            parent: "nowhere",
          })),
        ];
        expect(checkCaseFile(file({ agenda }), context)).toHaveLength(twice + lost);
      }),
    );
  });

  it("finds every person that stands on the roster again", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1 }), (localparts) => {
        const problems = checkCaseFile(
          file({ roster: localparts.map((localpart) => person(localpart)) }),
          context,
        );
        expect(problems).toHaveLength(localparts.length - new Set(localparts).size);
      }),
    );
  });
});
