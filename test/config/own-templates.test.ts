import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readCaseFile } from "../../src/config/case-file.ts";
import { configDirectory } from "../../src/config/paths.ts";
import {
  roomTemplate,
  roomTemplateNames,
  useOwnTemplates,
} from "../../src/config/room-template.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rogatory-templates-"));
});
afterEach(() => {
  useOwnTemplates(undefined);
  rmSync(folder, { recursive: true });
});

const own = `title: Task force
codePrefix: TF
federate: false
roles:
  member: { title: Member, power: 0, capabilities: [help.read] }
rooms:
  - { kind: space, name: space, roles: all, bots: [registrar] }
  - { kind: plenary, name: plenary, roles: all, bots: [registrar] }
`;

function put(name: string, text = own): void {
  writeFileSync(join(folder, name), text);
}

describe("an organisation's own room templates", () => {
  it("are used by a case file as the shipped ones are", () => {
    put("task-force.yaml");
    useOwnTemplates(folder);
    expect(roomTemplateNames()).toEqual(["focus-group", "jit", "task-force"]);
    expect(roomTemplate("task-force").title).toBe("Task force");
    const text =
      "template: task-force\nname: X\ntimeZone: UTC\nroster:\n  - { localpart: a, function: F, state: BE, role: member }\n";
    const server = { serverName: "example.org", bots: [] };
    expect(readCaseFile(text, { fileName: "case.yaml", ...server }).template).toBe("task-force");
  });

  it("are refused with file and line, all of them at once, and nothing is changed", () => {
    put("one.yaml", own.replace("codePrefix: TF", "codePrefix: t"));
    put(
      "two.yaml",
      own.replace("roles: all, bots: [registrar] }\n  - {", "roles: all, bots: [] }\n  - {"),
    );
    expect(() => useOwnTemplates(folder)).toThrow(
      expect.objectContaining({
        code: "template.invalid",
        message: expect.stringMatching(
          /one\.yaml, line 2: codePrefix.*\n.*two\.yaml, line 7: rooms/,
        ),
      }),
    );
    expect(roomTemplateNames()).toEqual(["focus-group", "jit"]);
  });

  it("cannot take the place of a shipped one", () => {
    put("jit.yaml", readFileSync(join(configDirectory(), "rooms", "jit.yaml"), "utf8"));
    expect(() => useOwnTemplates(folder)).toThrow(
      expect.objectContaining({
        code: "templates.taken",
        message: expect.stringContaining("jit.yaml"),
      }),
    );
  });

  it("need their folder", () => {
    expect(() => useOwnTemplates(join(folder, "missing"))).toThrow(
      expect.objectContaining({ code: "templates.folder" }),
    );
  });
});
