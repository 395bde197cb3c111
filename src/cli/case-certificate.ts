import type { Command } from "commander";
import {
  type OperatorOptions,
  operate,
  show,
  withOperatorOptions,
  writeFiles,
} from "./operator-options.ts";

interface CertificateOptions extends OperatorOptions {
  readonly output: string;
}

export function registerCertificate(group: Command): void {
  withOperatorOptions(group.command("certificate"))
    .description("write the certificate of what has been destroyed of a case so far")
    .argument("<case>", "code of the case")
    .option("--output <folder>", "where it is written", ".")
    .action(certify);
}

async function certify(name: string, options: CertificateOptions): Promise<void> {
  const { code, completed, json, markdown } = await operate(options, (ask) =>
    ask["case.certificate"]({ case: name }),
  );
  const base = `${code}-destruction`;
  const written = await writeFiles(options.output, [
    { name: `${base}.json`, text: json },
    { name: `${base}.md`, text: markdown },
  ]);
  show(options, { code, completed, files: written }, () => [
    ...written.map((path) => `Written: ${path}`),
    ...(completed
      ? []
      : [
          "Not all of it is done on the homeserver yet: the next start of the bots goes on with it.",
        ]),
  ]);
}
