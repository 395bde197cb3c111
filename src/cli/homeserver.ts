import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { defaultDirectory, homeserverFiles } from "../dev/homeserver/configuration.ts";
import {
  DEFAULT_PORT,
  DEFAULT_SERVER_NAME,
  findHomeserver,
  startHomeserver,
  stopHomeserver,
} from "../dev/homeserver/homeserver.ts";
import { terminal } from "../dev/terminal.ts";
import { RogatoryError } from "../domain/errors.ts";

interface DirectoryOption {
  readonly directory: string;
}

interface UpOptions extends DirectoryOption {
  readonly port: number | "free";
  readonly serverName: string;
  readonly registration: readonly string[];
}

export function register(program: Command): void {
  const homeserver = program
    .command("homeserver")
    .description("run a Synapse homeserver on this machine for development; never for real cases");

  withDirectory(homeserver.command("up"))
    .description("start it, setting it up the first time")
    .option("--port <number>", 'port on 127.0.0.1, or "free"', parsePort, DEFAULT_PORT)
    .option("--server-name <name>", "the part of Matrix ids after the colon", DEFAULT_SERVER_NAME)
    .option("--registration <path...>", "application-service registration files", [])
    .action(up);
  withDirectory(homeserver.command("down")).description("stop it; its data stays").action(down);
  withDirectory(homeserver.command("status")).description("say whether it runs").action(status);
  withDirectory(homeserver.command("logs"))
    .description("show the last lines of its log")
    .option("--lines <number>", "how many", parseLines, 50)
    .action(logs);
}

function withDirectory(command: Command): Command {
  return command.option("--directory <path>", "where its data is", defaultDirectory());
}

async function up(options: UpOptions): Promise<void> {
  const { url, serverName, pid } = await startHomeserver({
    directory: resolve(options.directory),
    port: options.port,
    serverName: options.serverName,
    registrations: options.registration.map((path) => resolve(path)),
    onProgress: (text) => terminal.progress(text),
  });
  terminal.line(`The homeserver ${serverName} runs at ${url} (process ${pid}).`);
  terminal.line("Stop it with: rogatory homeserver down");
}

async function down({ directory }: DirectoryOption): Promise<void> {
  const running = await findHomeserver(resolve(directory));
  await stopHomeserver(resolve(directory));
  terminal.line(
    running === undefined ? "No homeserver was running here." : "The homeserver was stopped.",
  );
}

async function status({ directory }: DirectoryOption): Promise<void> {
  const running = await findHomeserver(resolve(directory));
  if (running === undefined) {
    terminal.line("No homeserver runs here: start one with rogatory homeserver up");
    process.exitCode = 3;
    return;
  }
  const { serverName, url, pid } = running;
  terminal.line(`The homeserver ${serverName} runs at ${url} (process ${pid}).`);
}

async function logs(options: DirectoryOption & { readonly lines: number }): Promise<void> {
  const { log } = homeserverFiles(resolve(options.directory));
  const text = await readFile(log, "utf8").catch((cause: unknown) => {
    throw new RogatoryError(
      "no-log",
      `There is no log in ${resolve(options.directory)}: start the homeserver first, or name its --directory.`,
      { cause },
    );
  });
  const lines = text.trimEnd().split("\n").slice(-options.lines);
  for (const line of lines) terminal.line(line);
}

function parsePort(text: string): number | "free" {
  if (text === "free") return text;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new InvalidArgumentError('It must be a number from 1 to 65535, or "free".');
}

function parseLines(text: string): number {
  const lines = Number(text);
  if (Number.isInteger(lines) && lines >= 1) return lines;
  throw new InvalidArgumentError("It must be a whole number from 1.");
}
