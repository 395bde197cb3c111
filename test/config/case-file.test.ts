import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCaseFile } from "../../src/config/case-file.ts";
import { packageDirectory } from "../../src/config/paths.ts";
import { RogatoryError } from "../../src/domain/errors.ts";
import { UserId } from "../../src/domain/ids.ts";

const options = {
  fileName: "case.yaml",
  serverName: "example.org",
  bots: [UserId.parse("@rogatory_clerk:example.org")],
};

const whole = `template: focus-group
name: Sixth meeting
timeZone: Europe/Amsterdam
reportTemplate: focus-group
agenda:
  - code: s1
    title: Session I
    room: true
  - code: w
    title: Workshops
  - code: w1
    title: Consent
    parent: w
roster:
  - localpart: c1
    function: Co-chair
    body: Eurojust
    role: co-chair
  - localpart: fi
    function: Prosecutor
    state: FI
    role: participant
`;

function complaint(text: string): string {
  try {
    readCaseFile(text, options);
    return "none";
  } catch (error) {
    if (error instanceof RogatoryError && error.code === "case.file") return error.message;
    throw error;
  }
}

describe("reading a case file", () => {
  it.each([
    ["roster:", "rooster:", "line 14: rooster is not a known setting"],
    [
      "template: focus-group\nname",
      "template: focus-grop\nname",
      "line 1: template is wrong: there is no room template “focus-grop”: use focus-group, jit; perhaps you meant focus-group.",
    ],
    ["name: Sixth meeting", "name: ''", "line 2: name must not be empty."],
    ["name: Sixth meeting", "name: 6", "line 2: name must be text"],
    ["name: Sixth meeting", "name:", "line 2: name is empty."],
    ["name: Sixth meeting\n", "", "line 1: name is missing."],
    [
      "Europe/Amsterdam",
      "Europe/Den_Haag",
      "line 3: timeZone is wrong (“Europe/Den_Haag”): use an IANA time zone such as Europe/Bucharest.",
    ],
    [
      "reportTemplate: focus-group",
      "reportTemplate: focus",
      "line 4: reportTemplate is wrong: there is no report template “focus”: use focus-group.",
    ],
    [
      "reportTemplate: focus-group",
      "reportTemplate: takeaway-categories",
      "line 4: reportTemplate is wrong: there is no report template",
    ],
    ["code: w1", "code: s1", "line 11: agenda[2].code “s1” stands in the agenda twice."],
    [
      "code: w1",
      "code: intro",
      "line 11: agenda[2].code “intro” is a section that the report template has by itself",
    ],
    [
      "code: s1",
      "code: victims",
      "line 6: agenda[0].code “victims” would be read by the homeserver in the name of the section's room",
    ],
    ["code: s1", "code: S 1", "line 6: agenda[0].code is wrong (“S 1”): a code is short"],
    ["parent: w\n", "parent: v\n", "line 13: agenda[2].parent is wrong: there is no section “v”"],
    [
      "title: Workshops",
      "title: Workshops\n    parent: s1",
      "line 14: agenda[2].parent “w” is itself below another section",
    ],
    ["room: true", "room: yes please", "line 8: agenda[0].room must be true or false."],
    [
      "localpart: c1",
      "localpart: C1",
      "line 15: roster[0].localpart is wrong (“C1”): a localpart has small letters",
    ],
    [
      "localpart: c1",
      "localpart: fi",
      "line 19: roster[1].localpart is the same person as roster[0].",
    ],
    [
      "localpart: c1",
      "localpart: rogatory_clerk",
      "line 15: roster[0].localpart is one of the bots",
    ],
    [
      "localpart: c1",
      "matrixId: c1",
      "line 15: roster[0].matrixId is wrong (“c1”): a Matrix id looks like @name:server.",
    ],
    [
      "localpart: c1",
      'matrixId: "@c1:example.org"\n    localpart: c1',
      "line 15: roster[0] needs either a matrixId or a localpart.",
    ],
    ["role: co-chair", "role: chair", "line 18: roster[0].role is wrong: there is no role “chair”"],
    [
      "state: FI",
      "state: Finland",
      "line 21: roster[1].state is wrong (“Finland”): use the two capital letters",
    ],
    ["    state: FI\n", "", "line 19: roster[1] needs either a state (such as RO) or a body"],
    ["body: Eurojust", "body: Eurojust\n    state: NL", "line 15: roster[0] needs either a state"],
    [
      "role: participant",
      "role: participant\n    telephone: 1",
      "line 23: roster[1].telephone is not a known setting",
    ],
    [
      "agenda:",
      "meeting: { ordinal: 6, title: A, organisation: B, from: 2027-10-08, to: 2027-10-07, place: C }\nagenda:",
      "line 5: meeting.to is before the first day.",
    ],
    [
      "agenda:",
      "meeting: { ordinal: 6, title: A, organisation: B, from: 2027-02-30, to: 2027-10-07, place: C }\nagenda:",
      "line 5: meeting.from must be a date such as 2026-12-15.",
    ],
    [
      "agenda:",
      "agreement: { parties: [RO], purpose: A }\nagenda:",
      "line 5: agreement.parties needs at least 2 entries.",
    ],
    [
      "agenda:",
      "agreement: { parties: [RO, RO], purpose: A }\nagenda:",
      "line 5: agreement.parties[1] names RO a second time.",
    ],
    [
      "agenda:",
      "agreement: { parties: [GR, EL], purpose: A }\nagenda:",
      "line 5: agreement.parties[1] names GR a second time.",
    ],
    [
      "agenda:",
      "agreement: { parties: [RO, ZZ], purpose: A }\nagenda:",
      "line 5: agreement.parties[1] is wrong (“ZZ”): use the two capital letters",
    ],
    [
      "name: Sixth meeting",
      "name: Sixth\nname: Seventh",
      "line 3: this is not YAML: Map keys must be unique",
    ],
    [
      "name: Sixth meeting",
      "state: opn\nname: Sixth meeting",
      "there is no state “opn”: use planned, open, closed, report-adopted, archived; perhaps you meant open",
    ],
    [
      "name: Sixth meeting",
      "state: archived\nname: Sixth meeting",
      "line 2: state is the end of a case: nothing is made for a case that is over",
    ],
    ["name: Sixth meeting", "name: [Sixth", "this is not YAML"],
    ["name: Sixth meeting", "name: *sixth", "this is not YAML"],
  ])("with %j changed to %j says where and what", (good, bad, expected) => {
    expect(whole).toContain(good);
    expect(complaint(whole.replace(good, bad))).toContain(expected);
  });

  it("names everything that is wrong at once, in the order of the lines", () => {
    const message = complaint(
      whole.replace("role: co-chair", "role: x").replace("role: participant", "role: y"),
    );
    expect(message.split("\n").map((line) => /line \d+/.exec(line)?.[0])).toEqual([
      "line 18",
      "line 22",
    ]);
  });

  it("says that an empty file is empty", () => {
    expect(complaint("")).toBe("case.yaml, line 1: the file is empty.");
  });

  it("never fails in any other way, whatever line is lost, repeated or garbled", () => {
    const lines = whole.split("\n");
    const text = fc
      .tuple(fc.nat(lines.length - 1), fc.constantFrom("lose", "repeat", "garble"), fc.string())
      .map(([at, how, garbage]) =>
        lines
          .flatMap((line, index) => {
            if (index !== at) return [line];
            if (how === "lose") return [];
            return how === "repeat" ? [line, line] : [garbage];
          })
          .join("\n"),
      );
    fc.assert(
      fc.property(text, (broken) => {
        const message = complaint(broken);
        if (message === "none") return;
        for (const line of message.split("\n")) expect(line).toMatch(/^case\.yaml, line \d+: .+$/);
      }),
      { numRuns: 500 },
    );
  });

  const samples = [
    ...["case.jit.example.yaml", "case.focus-group.example.yaml"].map((name) => `config/${name}`),
    ...readdirSync(join(packageDirectory(), "demo"))
      .map((name) => `demo/${name}/case.yaml`)
      .filter((path) => readdirSync(join(packageDirectory(), path, "..")).includes("case.yaml")),
  ];

  it.each(samples)("finds nothing wrong with %s", (path) => {
    const text = readFileSync(join(packageDirectory(), path), "utf8");
    expect(readCaseFile(text, { ...options, fileName: path }).people.length).toBeGreaterThan(2);
  });
});
