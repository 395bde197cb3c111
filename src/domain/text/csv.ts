/** One record of a CSV text, with the line (from 1) on which it begins. */
export interface CsvRecord {
  readonly line: number;
  readonly cells: readonly string[];
}

export interface CsvText {
  /** Without empty lines. */
  readonly records: readonly CsvRecord[];
  readonly problems: readonly { readonly line: number; readonly message: string }[];
}

/**
 * Reads comma-separated values (RFC 4180) as spreadsheets write them: with commas or, where the comma
 * is the decimal sign, semicolons; with or without a byte order mark; with any line ends.
 */
export function parseCsv(text: string): CsvText {
  const body = text.replace(/^\uFEFF/, "");
  const reader = new CsvReader(body, separatorOf(body));
  return reader.read();
}

/** What stands more often in the first line, outside of quotation marks. */
function separatorOf(text: string): "," | ";" {
  const head = (/^[^\r\n]*/.exec(text.trimStart())?.[0] ?? "").replace(/"[^"]*"/g, "");
  const count = (separator: string) => head.split(separator).length;
  return count(";") > count(",") ? ";" : ",";
}

class CsvReader {
  readonly #text: string;
  readonly #separator: string;
  readonly #records: CsvRecord[] = [];
  readonly #problems: { line: number; message: string }[] = [];
  #position = 0;
  #line = 1;

  constructor(text: string, separator: string) {
    this.#text = text;
    this.#separator = separator;
  }

  read(): CsvText {
    while (this.#position < this.#text.length) {
      const line = this.#line;
      const cells = this.#record();
      if (cells.some((cell) => cell !== "")) this.#records.push({ line, cells });
    }
    return { records: this.#records, problems: this.#problems };
  }

  #record(): string[] {
    const cells: string[] = [];
    for (;;) {
      cells.push(this.#cell());
      if (this.#text[this.#position] !== this.#separator) break;
      this.#position += 1;
    }
    this.#lineEnd();
    return cells;
  }

  #cell(): string {
    const quoted = /[ \t]*"/y;
    quoted.lastIndex = this.#position;
    if (quoted.test(this.#text)) {
      this.#position = quoted.lastIndex;
      return this.#quoted();
    }
    return this.#until(`${this.#separator}\r\n`).trim();
  }

  #quoted(): string {
    const begun = this.#line;
    let value = "";
    for (;;) {
      const end = this.#text.indexOf('"', this.#position);
      const part = this.#text.slice(this.#position, end < 0 ? undefined : end);
      value += part;
      this.#line += part.split(/\r\n|\r|\n/).length - 1;
      if (end < 0) {
        this.#position = this.#text.length;
        this.#complain(begun, "a quotation mark is opened here and never closed");
        return value.trim();
      }
      this.#position = end + 1;
      if (this.#text[this.#position] !== '"') break;
      value += '"';
      this.#position += 1;
    }
    if (this.#until(`${this.#separator}\r\n`).trim() !== "") {
      this.#complain(
        this.#line,
        "something follows a closing quotation mark: double the quotation marks inside a field",
      );
    }
    return value.trim();
  }

  #until(ends: string): string {
    const from = this.#position;
    while (this.#position < this.#text.length && !ends.includes(this.#text[this.#position] ?? "")) {
      this.#position += 1;
    }
    return this.#text.slice(from, this.#position);
  }

  #lineEnd(): void {
    if (this.#text.startsWith("\r\n", this.#position)) this.#position += 2;
    else if (this.#position < this.#text.length) this.#position += 1;
    this.#line += 1;
  }

  #complain(line: number, message: string): void {
    this.#problems.push({ line, message });
  }
}
