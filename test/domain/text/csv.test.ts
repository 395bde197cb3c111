import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCsv } from "../../../src/domain/text/csv.ts";

function cells(text: string) {
  return parseCsv(text).records.map((record) => record.cells);
}

describe("a CSV text", () => {
  it("is read with commas or semicolons, with or without a byte order mark, with any line ends", () => {
    const expected = [
      ["a", "b"],
      ["1", "2"],
    ];
    for (const separator of [",", ";"]) {
      for (const end of ["\n", "\r\n", "\r"]) {
        for (const mark of ["", "\uFEFF"]) {
          expect(cells(`${mark}a${separator}b${end}1${separator}2${end}`)).toEqual(expected);
        }
      }
    }
  });

  it("knows on which line each record begins, quoted line ends and empty lines included", () => {
    const { records } = parseCsv('a;b\r\n"x\r\ny";1\r\n\r\n;\nlast;2');
    expect(records.map(({ line }) => line)).toEqual([1, 2, 6]);
    expect(records[1]?.cells).toEqual(["x\r\ny", "1"]);
  });

  it("tells of quotation marks that are never closed, or closed too early", () => {
    expect(parseCsv('a,b\n"x,1').problems).toMatchObject([{ line: 2 }]);
    expect(parseCsv('a,b\n"x"y,1').problems).toMatchObject([{ line: 2 }]);
  });

  it("gives back whatever was written with quotation marks", () => {
    const cell = fc.string({ minLength: 1 }).map((text) => text.trim());
    const table = fc
      .tuple(fc.array(fc.array(cell, { minLength: 2, maxLength: 2 }), { minLength: 1 }))
      .map(([rows]) => rows.filter((row) => row.some((text) => text !== "")));
    fc.assert(
      fc.property(table, fc.constantFrom(",", ";"), (rows, separator) => {
        const quoted = rows.map((row) =>
          row.map((text) => `"${text.replaceAll('"', '""')}"`).join(separator),
        );
        const text = [`h${separator}h`, ...quoted].join("\r\n");
        expect(parseCsv(text)).toEqual({
          problems: [],
          records: [
            expect.anything(),
            ...rows.map((row) => expect.objectContaining({ cells: row })),
          ],
        });
      }),
    );
  });
});
