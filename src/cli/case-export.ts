import type { Command } from "commander";
import {
  type OperatorOptions,
  operate,
  type ReasonOption,
  show,
  withOperatorOptions,
  withReason,
  writeFiles,
} from "./operator-options.ts";

interface ExportOptions extends OperatorOptions, ReasonOption {
  readonly to: string;
}

export function registerExport(group: Command): void {
  withReason(withOperatorOptions(group.command("export")))
    .description(
      "write out what a case holds, as JSON and Markdown, with a manifest of SHA-256 sums",
    )
    .argument("<case>", "code or real name of the case")
    .requiredOption("--to <folder>", "where the files are written; it is made if it is not there")
    .action(exportCase);
}

async function exportCase(name: string, options: ExportOptions): Promise<void> {
  const { reason, to } = options;
  const { code, files } = await operate(options, (ask) =>
    ask["case.export"]({ case: name, reason }),
  );
  const written = await writeFiles(to, files);
  show(options, { code, files: written }, () => [
    ...written.map((path) => `Written: ${path}`),
    `Check them with: sha256sum -c SHA256SUMS, and the log with: rogatory log verify --file log.jsonl`,
    "They hold case content: keep them as you keep the case file, and delete them in time.",
  ]);
}
