import type { Block, Inline, Line, Outcome } from "./outcome.ts";

/** What people read where there is no formatting. */
export function renderText(outcome: Outcome): string {
  return outcome.blocks.map(blockText).join("\n\n");
}

/** The HTML subset of the Matrix specification (m.room.message, org.matrix.custom.html). */
export function renderHtml(outcome: Outcome): string {
  return outcome.blocks.map(blockHtml).join("");
}

function blockText(block: Block): string {
  switch (block.kind) {
    case "paragraph":
      return lineText(block.line);
    case "list":
      return block.items.map((item) => `• ${lineText(item)}`).join("\n");
    case "fields":
      return block.fields.map(([label, value]) => `${label}: ${lineText(value)}`).join("\n");
    case "table":
      return [block.columns, ...block.rows.map((row) => row.map(lineText))]
        .map((cells) => cells.join(" | "))
        .join("\n");
  }
}

function blockHtml(block: Block): string {
  switch (block.kind) {
    case "paragraph":
      return `<p>${lineHtml(block.line)}</p>`;
    case "list":
      return `<ul>${block.items.map((item) => `<li>${lineHtml(item)}</li>`).join("")}</ul>`;
    case "fields":
      return `<ul>${block.fields
        .map(
          ([label, value]) => `<li><strong>${escapeHtml(label)}</strong>: ${lineHtml(value)}</li>`,
        )
        .join("")}</ul>`;
    case "table":
      return `<table><thead><tr>${block.columns
        .map((name) => `<th>${escapeHtml(name)}</th>`)
        .join("")}</tr></thead><tbody>${block.rows
        .map((row) => `<tr>${row.map((cell) => `<td>${lineHtml(cell)}</td>`).join("")}</tr>`)
        .join("")}</tbody></table>`;
  }
}

function lineText(line: Line): string {
  return inlines(line)
    .map((inline) =>
      typeof inline === "string" ? inline : "strong" in inline ? inline.strong : inline.code,
    )
    .join("");
}

function lineHtml(line: Line): string {
  return inlines(line)
    .map((inline) => {
      if (typeof inline === "string") return escapeHtml(inline);
      if ("strong" in inline) return `<strong>${escapeHtml(inline.strong)}</strong>`;
      return `<code>${escapeHtml(inline.code)}</code>`;
    })
    .join("");
}

function inlines(line: Line): readonly Inline[] {
  return typeof line === "string" || "strong" in line || "code" in line ? [line] : line;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
