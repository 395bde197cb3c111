/** Says on every generated page where to make changes. */
export function generatedFrom(source: string): string {
  return `<!-- Made by \`npm run docs\` from ${source}: change it there. -->`;
}

export function table(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const line = (cells: readonly string[]) => `| ${cells.map(escapeCell).join(" | ")} |`;
  return [line(columns), `|${columns.map(() => "---").join("|")}|`, ...rows.map(line)];
}

function escapeCell(text: string): string {
  // Within a code span everything but the bar is shown as it is.
  const visible = text.startsWith("`") ? text : text.replaceAll(/<(?=\w)/g, "&lt;");
  return visible.replaceAll("|", "\\|").replaceAll("\n", " ");
}

export function code(text: string): string {
  return `\`${text}\``;
}

export function page(...lines: readonly string[]): string {
  return `${lines
    .join("\n")
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim()}\n`;
}

export function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
