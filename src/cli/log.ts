import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { type Command, InvalidArgumentError, Option } from "commander";
import { RogatoryError } from "../domain/errors.ts";
import type { OperationResult } from "../process/operation-shapes.ts";
import type { LogHead } from "../vault/log-chain.ts";
import type { LogFileCheck } from "../vault/log-file.ts";
import {
  type OperatorOptions,
  operate,
  type ReasonOption,
  show,
  withOperatorOptions,
  withReason,
} from "./operator-options.ts";

interface VerifyOptions extends OperatorOptions {
  readonly file?: string;
  readonly since?: LogHead;
  readonly key?: string;
}

interface ExportOptions extends OperatorOptions, ReasonOption {
  readonly case: string;
  readonly output: string;
}

type DatabaseCheck = OperationResult<"log.verify">;

export function register(program: Command): void {
  const group = program.command("log").description("check and export the log of all acts");

  withOperatorOptions(group.command("verify"))
    .description("find entries that were changed, removed or moved")
    .option("--file <path>", "check an export instead; needs neither database nor key")
    .addOption(
      new Option("--since <count:hash>", "what an earlier check has printed as the end of the log")
        .argParser(readHead)
        .conflicts("file"),
    )
    .option("--key <key>", "the signing key that it must bear, as the deployment told you")
    .action(verify);
  withReason(withOperatorOptions(group.command("export")))
    .description("write the log of a case as a signed file that can be checked by itself")
    .requiredOption("--case <code>", "code of the case")
    .requiredOption("--output <file>", "where the JSON lines are written")
    .action(exportCase);
}

function readHead(text: string): LogHead {
  const { count, hash } = /^(?<count>\d{1,15}):(?<hash>[0-9a-f]{64})$/.exec(text)?.groups ?? {};
  if (count !== undefined && hash !== undefined) return { count: Number(count), hash };
  throw new InvalidArgumentError(
    "Paste what rogatory log verify has printed as the end of the log.",
  );
}

async function verify(options: VerifyOptions): Promise<void> {
  const { since } = options;
  const checked =
    options.file === undefined
      ? await operate(options, (ask) => ask["log.verify"](since === undefined ? {} : { since }))
      : await verifyFile(options.file);
  const expected = options.key;
  const strange: Finding[] =
    expected !== undefined && checked.publicKey !== expected
      ? [{ problem: `it was signed with another key than ${expected}` }]
      : [];
  const findings: readonly Finding[] = [...checked.findings, ...strange];
  const result = { ...checked, findings };
  show(options, result, () => [
    ...describe(checked),
    ...findings.map(({ sequence, problem }) =>
      sequence === undefined ? `  ! ${problem}` : `  ! entry ${sequence}: ${problem}`,
    ),
    ...(findings.length === 0
      ? ["Nothing was changed, removed or moved."]
      : [
          "The log is not as it was written: keep this database or file as it is, and find out why.",
        ]),
  ]);
  if (findings.length > 0) process.exitCode = 1;
}

interface Finding {
  readonly sequence?: number | undefined;
  readonly problem: string;
}

type Checked = (DatabaseCheck | LogFileCheck) & { readonly findings: readonly Finding[] };

function describe(checked: Checked): readonly string[] {
  if ("entries" in checked) {
    const { entries, hash, signedSince, publicKey } = checked;
    return [
      `Entries: ${entries}`,
      `End of the log: ${entries}:${hash}`,
      `  Note it away from this database: rogatory log verify --since ${entries}:${hash}`,
      `Signing key: ${publicKey}`,
      ...(signedSince > 1
        ? [`Entries 1 to ${signedSince - 1} are from before the end of the log was signed.`]
        : []),
    ];
  }
  const { header, own, publicKey } = checked;
  return [
    ...(header === undefined
      ? []
      : [
          `Case ${header.case.code}, exported ${header.exportedAt}: ${own} of ${header.head.count} entries; last hash ${header.head.hash}`,
        ]),
    ...(publicKey === undefined
      ? []
      : [`Signing key: ${publicKey} (compare it with what the deployment gave you)`]),
  ];
}

async function verifyFile(path: string): Promise<LogFileCheck> {
  const { checkLogFile } = await import("../vault/log-file.ts");
  const { isHeadSigned } = await import("../db/repositories/journal.ts");
  const input = createReadStream(path);
  try {
    return await checkLogFile(createInterface({ input, crlfDelay: 0 }), isHeadSigned);
  } catch (cause) {
    throw new RogatoryError("log.file-unreadable", `${path} cannot be read: check its path.`, {
      cause,
    });
  } finally {
    input.destroy();
  }
}

async function exportCase(options: ExportOptions): Promise<void> {
  const { code, entries, publicKey, text } = await operate(options, (ask) =>
    ask["log.export"]({ case: options.case, reason: options.reason }),
  );
  try {
    await writeFile(options.output, text, { flag: "wx", mode: 0o600 });
  } catch (cause) {
    throw new RogatoryError(
      "output.not-written",
      `${options.output} was not written: it exists already, or its folder cannot be written to. Name another file with --output.`,
      { cause },
    );
  }
  show(options, { code, entries, publicKey, file: options.output }, () => [
    `Written: ${options.output} (${entries} entries of ${code})`,
    `Whoever gets it checks it with: rogatory log verify --file ${options.output}`,
    `Tell them the signing key by another way: ${publicKey}`,
  ]);
}
