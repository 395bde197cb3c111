import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { openDatabase } from "../../src/db/database.ts";
import { code, generatedFrom, page, table } from "./markdown.ts";

interface Column {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly key: boolean;
}

/** What the row types say of a column beside its SQL type. */
interface Described {
  readonly comment: string;
  readonly content: "plain" | "**sealed**" | "encrypted";
}

/** Tables that the program does not reach through the row types of src/db/schema.ts. */
const otherTables: ReadonlyMap<string, Described> = new Map([
  [
    "crypto_database",
    {
      comment: "One IndexedDB database of matrix-js-sdk: the crypto store of an account.",
      content: "plain",
    },
  ],
  [
    "crypto_store",
    { comment: "The object stores of such a database and their indexes.", content: "plain" },
  ],
  [
    "crypto_record",
    { comment: "Their records: device keys, sessions and room keys.", content: "plain" },
  ],
  [
    "crypto_record.value",
    { comment: "Encrypted by the crypto store with `account.store_key`.", content: "encrypted" },
  ],
]);

/** Tables that belong to the migrations, not to the program. */
const migrationTables = /^kysely_/;

export async function dataModelPage(): Promise<string> {
  const columns = await readColumns();
  const described = new Map([...otherTables, ...readRowTypes()]);
  const tables = [...new Set(columns.map((column) => column.table))];
  const unknown = tables.find((name) => !described.has(name));
  if (unknown !== undefined) {
    throw new Error(`describe the table ${unknown}: in src/db/schema.ts, or in otherTables here`);
  }
  return page(
    "# Data model",
    "",
    generatedFrom("src/db/migrations and src/db/schema.ts"),
    "",
    "The same tables in PostgreSQL and in the embedded PGlite. **Sealed** columns are encrypted (AES-256-GCM) for their place in the table: with the key of the case, or with the master key where there is no case. Everything else can be read by whoever has the database, and by operators of its server: it never says what a case is about. Instants are ISO 8601 text in UTC.",
    "",
    ...tables.flatMap((name) => [
      `## ${name}`,
      "",
      ...(described.get(name)?.comment ? [described.get(name)?.comment ?? "", ""] : []),
      ...table(
        ["Column", "Type", "Null", "Content", "Meaning"],
        columns
          .filter((column) => column.table === name)
          .map(({ column, type, nullable, key }) => {
            const more = described.get(`${name}.${column}`);
            return [
              `${code(column)}${key ? " (key)" : ""}`,
              type,
              nullable ? "yes" : "no",
              more?.content ?? "plain",
              more?.comment ?? "",
            ];
          }),
      ),
      "",
    ]),
  );
}

async function readColumns(): Promise<readonly Column[]> {
  await using db = await openDatabase({ kind: "memory" });
  const { rows } = await sql<Column>`
    select c.table_name as "table", c.column_name as "column", c.data_type as "type",
      c.is_nullable = 'YES' as "nullable",
      exists (
        select 1 from information_schema.table_constraints t
        join information_schema.key_column_usage k on k.constraint_name = t.constraint_name
        where t.constraint_type = 'PRIMARY KEY' and t.table_name = c.table_name
          and k.column_name = c.column_name
      ) as "key"
    from information_schema.columns c
    where c.table_schema = 'public'
    order by c.table_name collate "C", c.ordinal_position`.execute(db);
  return rows.filter((row) => !migrationTables.test(row.table));
}

/**
 * Reads comments and sealed types from src/db/schema.ts, whose formatting the linter fixes: tables
 * stand two spaces deep in `Database`, their columns four; `ContentRow` is the shape of several.
 */
function readRowTypes(): ReadonlyMap<string, Described> {
  const text = readFileSync(join(import.meta.dirname, "../../src/db/schema.ts"), "utf8");
  const found = new Map<string, Described>();
  const content = membersOf(text, /^export interface ContentRow \{\n([\s\S]*?)^\}/m, 2);
  const contentComment = /\/\*\* ([^\n]*) \*\/\nexport interface ContentRow/.exec(text)?.[1] ?? "";
  for (const [name, member] of membersOf(
    text,
    /^export interface Database \{\n([\s\S]*?)^\}/m,
    2,
  )) {
    const isContent = member.type.startsWith("ContentRow");
    found.set(name, {
      comment: member.comment || (isContent ? contentComment : ""),
      content: "plain",
    });
    const columns = isContent ? content : membersOf(member.type, /^\{\n([\s\S]*)\}$/, 4);
    for (const [column, { type, comment }] of columns) {
      found.set(`${name}.${column}`, {
        comment,
        content: /\b(Sealed<|WrappedCaseKey\b)/.test(type) ? "**sealed**" : "plain",
      });
    }
  }
  return found;
}

interface Member {
  readonly type: string;
  readonly comment: string;
}

function membersOf(text: string, body: RegExp, depth: number): ReadonlyMap<string, Member> {
  const indent = " ".repeat(depth);
  const members = new Map<string, Member>();
  const pattern = new RegExp(
    `((?:^${indent}(?:/\\*\\*| \\*)[^\\n]*\\n)*)^${indent}(\\w+): ((?:[^\\n]*;|\\{\\n[\\s\\S]*?^${indent}\\};))\\n`,
    "gm",
  );
  for (const [, comment = "", name = "", type = ""] of (body.exec(text)?.[1] ?? "").matchAll(
    pattern,
  )) {
    members.set(name, { type: type.replace(/;$/, ""), comment: plainComment(comment) });
  }
  return members;
}

function plainComment(comment: string): string {
  return comment
    .split("\n")
    .map((line) => line.replace(/^\s*(\/\*\*|\*\/|\*)\s?/, "").replace(/\s*\*\/$/, ""))
    .join(" ")
    .trim();
}
