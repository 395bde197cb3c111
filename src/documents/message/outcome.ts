/** A piece of a line: plain text, or text that is stressed or typed as is. Never HTML. */
export type Inline = string | { readonly strong: string } | { readonly code: string };
export type Line = Inline | readonly Inline[];

/** What an answer is made of. One renderer turns it into Matrix HTML and plain text. */
export type Block =
  | { readonly kind: "paragraph"; readonly line: Line }
  | { readonly kind: "list"; readonly items: readonly Line[] }
  | { readonly kind: "fields"; readonly fields: readonly (readonly [label: string, value: Line])[] }
  | {
      readonly kind: "table";
      readonly columns: readonly string[];
      readonly rows: readonly (readonly Line[])[];
    };

export interface Attachment {
  readonly fileName: string;
  readonly mimeType: string;
  readonly bytes: Uint8Array;
}

/** What a command answers with: data only. It is said after everything it reports is committed. */
export interface Outcome {
  readonly blocks: readonly Block[];
  readonly attachments?: readonly Attachment[];
}

export function paragraph(...line: readonly Inline[]): Block {
  return { kind: "paragraph", line };
}

export function list(items: readonly Line[]): Block {
  return { kind: "list", items };
}

export function fields(entries: readonly (readonly [label: string, value: Line])[]): Block {
  return { kind: "fields", fields: entries };
}

export function table(columns: readonly string[], rows: readonly (readonly Line[])[]): Block {
  return { kind: "table", columns, rows };
}

export function strong(text: string): Inline {
  return { strong: text };
}

export function code(text: string): Inline {
  return { code: text };
}

export function answer(...blocks: readonly Block[]): Outcome {
  return { blocks };
}
