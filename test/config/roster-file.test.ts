import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readCaseFile } from "../../src/config/case-file.ts";
import { configDirectory } from "../../src/config/paths.ts";
import { RogatoryError } from "../../src/domain/errors.ts";
import { UserId } from "../../src/domain/ids.ts";

const caseFile = "template: jit\nname: CURLEW\ntimeZone: Europe/Brussels\n";

function read(csv: string, yaml = caseFile, fileName = "people.csv") {
  return readCaseFile(yaml, {
    fileName: "case.yaml",
    serverName: "example.org",
    bots: [UserId.parse("@rogatory_clerk:example.org")],
    roster: { fileName, text: csv },
  });
}

function complaint(...args: Parameters<typeof read>): string {
  try {
    read(...args);
    return "none";
  } catch (error) {
    if (error instanceof RogatoryError && error.code === "case.file") return error.message;
    throw error;
  }
}

const good = `localpart;Matrix ID;function;state;body;role;languages;time zone
ro-pros;;"Prosecutor; DIICOT";RO;;leader;ro en;Europe/Bucharest
;@europol:partner.example;Analyst;;Europol;participant;;
`;

describe("a roster in CSV", () => {
  it("gives the people of a case, with the case's time zone where they have none", () => {
    for (const text of [good, `\uFEFF${good.replaceAll("\n", "\r\n")}`]) {
      expect(read(text).people).toEqual([
        {
          userId: "@ro-pros:example.org",
          profile: {
            function: "Prosecutor; DIICOT",
            state: "RO",
            role: "leader",
            languages: ["ro", "en"],
            timeZone: "Europe/Bucharest",
          },
        },
        {
          userId: "@europol:partner.example",
          profile: {
            function: "Analyst",
            body: "Europol",
            role: "participant",
            languages: [],
            timeZone: "Europe/Brussels",
          },
        },
      ]);
    }
  });

  it("is explained by an example", () => {
    const text = readFileSync(join(configDirectory(), "roster.example.csv"), "utf8");
    expect(read(text).people).toHaveLength(4);
  });

  it("comes in addition to the people of the case file", () => {
    const yaml = `${caseFile}roster:\n  - { localpart: be, function: Judge, state: BE, role: leader }\n`;
    expect(read(good, yaml).people.map(({ userId }) => userId)).toEqual([
      "@be:example.org",
      "@ro-pros:example.org",
      "@europol:partner.example",
    ]);
  });

  it("has all its errors told at once, with those of the case file, each with its line", () => {
    const csv = `localpart,matrixId,function,state,body,role,languages,timeZone
ro,,Prosecutor,RO,,leder,,
be,,,BE,,leader,,
be,@be:example.org,Judge,BE,,leader,,
ro,,Police,RO,,member,,Europe/Bukarest
nl,,Prosecutor,NL,Europol,leader,,
ro,,Police,RO,,member,,
lu,,Judge,Luxembourg,,leader,,,,
rogatory_clerk,,Clerk,LU,,leader,,`;
    expect(complaint(csv, caseFile.replace("jit", "jitt")).split("\n")).toEqual([
      expect.stringMatching(/^case.yaml, line 1: template is wrong.*perhaps you meant jit/),
      "people.csv, line 3: function is missing.",
      "people.csv, line 4: the person needs either a matrixId or a localpart.",
      expect.stringMatching(/^people.csv, line 5: timeZone is wrong \(“Europe\/Bukarest”\)/),
      expect.stringMatching(/^people.csv, line 6: the person needs either a state/),
      "people.csv, line 7: localpart is the same person as line 2 of people.csv.",
      expect.stringMatching(/^people.csv, line 8: the line has 10 fields and the first line 8/),
      "people.csv, line 9: localpart is one of the bots: remove the entry.",
    ]);
    expect(complaint("localpart,function,state,role\nro,Police,RO,leder")).toMatch(
      /^people.csv, line 2: role is wrong: there is no role “leder”.*perhaps you meant leader/,
    );
  });

  it("has its lines with too few fields told, before they are taken for something else", () => {
    expect(complaint("localpart,function,state,role\nro,Police,RO\nnl,Police,NL,member")).toMatch(
      /^people.csv, line 2: the line has 3 fields and the first line 4: leave a field empty/,
    );
  });

  it("has at most a thousand people, with those of the case file", () => {
    const lines = (count: number) =>
      Array.from({ length: count }, (_, index) => `p${index},Police,RO,member`);
    const csv = (count: number) => ["localpart,function,state,role", ...lines(count)].join("\n");
    const yaml = `${caseFile}roster:\n  - { localpart: be, function: Judge, state: BE, role: leader }\n`;
    expect(read(csv(999), yaml).people).toHaveLength(1000);
    expect(complaint(csv(1000), yaml)).toMatch(/^people.csv, line 1001: .*more than 1000/);
    expect(complaint(csv(1002))).toMatch(/^people.csv, line 1002: .*more than 1000/);
  });

  it("says so where name and server together are too long for a Matrix id", () => {
    const csv = `localpart,function,state,role\n${"a".repeat(200)},Police,RO,member`;
    const long = { fileName: "case.yaml", serverName: `${"b".repeat(60)}.org`, bots: [] };
    const roster = { fileName: "people.csv", text: csv };
    expect(() => readCaseFile(caseFile, { ...long, roster })).toThrow(
      "people.csv, line 2: localpart is too long",
    );
  });

  it("takes the letters that the EU uses for the State, and refuses what is none", () => {
    const csv = (...states: string[]) =>
      [
        "localpart,function,state,role",
        ...states.map((state, index) => `p${index},Police,${state},member`),
      ].join("\n");
    const { people } = read(csv("EL", "UK", "RO"));
    expect(people.map(({ profile }) => profile.state)).toEqual(["GR", "GB", "RO"]);
    expect(complaint(csv("RO", "ZZ", "ROU", "Belgim", "Finland")).split("\n")).toEqual([
      expect.stringMatching(
        /^people.csv, line 3: state is wrong \(“ZZ”\): use the two capital letters/,
      ),
      expect.stringMatching(/^people.csv, line 4: .*perhaps you meant RO/),
      expect.stringMatching(/^people.csv, line 5: .*perhaps you meant Belgium/),
      expect.stringMatching(/^people.csv, line 6: .*perhaps you meant FI/),
    ]);
  });

  it("has a State in the column of States, where it is counted as one", () => {
    expect(complaint("localpart,function,body,role\nro,Police,Romania,member")).toMatch(
      /^people.csv, line 2: body is a State: write RO \(Romania\)/,
    );
  });

  it.each([
    ["", "line 1: the file is empty"],
    ["\n\n", "line 1: the file is empty"],
    [
      "localpart,function,state,role\n",
      "line 1: below the names of the columns there is no person",
    ],
    ["localpart,funktion,state,role\nro,P,RO,leader", "perhaps you meant function"],
    ["localpart,function,state,state,role", "line 1: the column state stands there twice"],
    ["localpart,function,state\nro,P,RO", "line 1: the column role is missing"],
    ["function,state,role\nP,RO,leader", "line 1: a column localpart or matrixId is missing"],
    ["localpart,function,role\nro,P,leader", "line 1: a column state or body is missing"],
    ['localpart,function,state,role\nro,"P,RO,leader', "line 2: a quotation mark is opened"],
    [
      "localpart,function,state,role\nro,Procureur g\uFFFDn\uFFFDral,FR,leader",
      "line 2: this is not UTF-8",
    ],
  ])("is refused where it is not a table of people: %j", (csv, sentence) => {
    expect(complaint(csv)).toContain(sentence);
    expect(complaint(csv)).toMatch(/^people\.csv, line \d+: /);
  });
});

describe("a roster in YAML", () => {
  const entry = "{ localpart: ro, function: Police, state: RO, role: member }";
  it("is a list, or stands under roster:", () => {
    expect(read(`- ${entry}`, caseFile, "people.yaml").people).toHaveLength(1);
    expect(read(`roster:\n  - ${entry}`, caseFile, "people.yml").people).toHaveLength(1);
  });

  it("has its errors told with their lines", () => {
    expect(complaint(`- ${entry}\n- ${entry}`, caseFile, "people.yaml")).toBe(
      "people.yaml, line 2: localpart is the same person as line 1 of people.yaml.",
    );
    expect(complaint("roster:\n  - { localpart: RO }", caseFile, "people.yaml")).toMatch(
      /^people.yaml, line 2: roster\[0\]\.localpart is wrong/,
    );
    expect(complaint("people: 1", caseFile, "people.yaml")).toContain("line 1: roster is missing");
    expect(complaint("- [", caseFile, "people.yaml")).toContain("this is not YAML");
  });
});
