import { describe, expect, it } from "vitest";
import { checkImports, importedNames } from "../../tools/check-imports.ts";

const check = (path: string, text: string) => checkImports([{ path, text }]);

describe("import directions", () => {
  it("lets a service use the domain and the database", () => {
    const text = `import { a } from "../../domain/ids.ts";\nimport type { B } from "../../db/schema.ts";`;
    expect(check("services/case/open.ts", text)).toEqual([]);
  });

  it("refuses what points upwards, types included", () => {
    expect(check("domain/ids.ts", `import type { A } from "../db/a.ts";`)).toEqual([
      "src/domain/ids.ts: domain must not import from db (../db/a.ts)",
    ]);
    expect(check("services/a.ts", `export * from "../commands/b.ts";`)).toHaveLength(1);
    expect(check("matrix/session/a.ts", `const x = await import("../../delivery/b.ts");`)).toEqual([
      "src/matrix/session/a.ts: matrix must not import from delivery (../../delivery/b.ts)",
    ]);
  });

  it("keeps services and Matrix apart", () => {
    expect(check("services/a.ts", `import "../matrix/b.ts";`)).toHaveLength(1);
    expect(check("delivery/a.ts", `import "../matrix/b.ts";`)).toEqual([]);
  });

  it("keeps the domain free of everything that is not pure", () => {
    expect(check("domain/a.ts", `import { readFile } from "node:fs/promises";`)).toHaveLength(1);
    expect(check("domain/a.ts", `import { z } from "zod";`)).toEqual([]);
  });

  it("asks for a rule for a folder it does not know", () => {
    expect(check("other/a.ts", `import "./b.ts";`)).toEqual([
      "src/other/a.ts: the folder other has no rule in tools/check-imports.ts",
    ]);
  });

  it("reads imports over several lines and leaves text alone", () => {
    const text = [
      "import {",
      "  one,",
      "  two,",
      '} from "./numbers.ts";',
      'export type { Three } from "./three.ts";',
      'const sentence = `people import goods from "abroad"`;',
    ].join("\n");
    expect(importedNames(text)).toEqual(["./numbers.ts", "./three.ts"]);
  });
});
