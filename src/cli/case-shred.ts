import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { loadConfig } from "../config/config.ts";
import { RogatoryError } from "../domain/errors.ts";
import {
  certificateAsMarkdown,
  type SignedCertificate,
} from "../services/shredding/certificate.ts";
import { endAfter } from "./end-after.ts";
import {
  type OperatorOptions,
  type ReasonOption,
  show,
  withOperatorOptions,
  withReason,
} from "./operator-options.ts";

interface ShredOptions extends OperatorOptions, ReasonOption {
  readonly yes?: true;
  readonly output: string;
}

export function registerShred(group: Command): void {
  withReason(withOperatorOptions(group.command("shred")))
    .description("destroy a case for good, and certify it; the bots must be stopped")
    .argument("<case>", "code or real name of the case")
    .option("--yes", "really do it; without it you are shown what would be destroyed")
    .option("--output <folder>", "where the certificate is written", ".")
    .action(endAfter(shred));
}

async function shred(name: string, options: ShredOptions): Promise<void> {
  const config = loadConfig(options.config);
  const { previewShredding, shredCase } = await import("../process/shred-case.ts");
  if (options.yes !== true) {
    const plan = await previewShredding(config, { name, reason: options.reason });
    show(options, plan, () => [
      `${plan.code}: ${plan.name}`,
      `This would destroy for good: its key and all its content, ${plan.people} people, ${plan.rooms} rooms, what ${plan.conversations} direct conversations with a bot have of it, and ${plan.files} files on the homeserver.`,
      "Nothing was changed. To do it, add --yes.",
    ]);
    process.exitCode = 1;
    return;
  }
  const certificate = await shredCase(config, { name, reason: options.reason });
  const files = await writeFiles(options.output, certificate);
  show(options, certificate, () => [
    `Shredded: ${certificate.case.code}. Nothing opens its content any more.`,
    ...files.map((path) => `Written: ${path}`),
    "The certificate says what remains with members, in backups and on other homeservers: see to that too.",
  ]);
}

async function writeFiles(
  folder: string,
  certificate: SignedCertificate,
): Promise<readonly string[]> {
  const base = join(folder, `${certificate.case.code}-shredding`);
  const contents = [
    [`${base}.json`, `${JSON.stringify(certificate, undefined, 2)}\n`],
    [`${base}.md`, certificateAsMarkdown(certificate)],
  ] as const;
  try {
    for (const [path, text] of contents) await writeFile(path, text, { mode: 0o600 });
  } catch (cause) {
    throw new RogatoryError(
      "output.not-written",
      `The case is shredded, but its certificate was not written to ${folder}: repeat the command with another --output.`,
      { cause },
    );
  }
  return contents.map(([path]) => path);
}
