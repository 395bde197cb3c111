import type { Command } from "commander";
import { commandNouns } from "./command-nouns.ts";

export interface Subcommand {
  readonly name: string;
  /** One line for `rogatory --help`; the file itself says the rest. */
  readonly summary: string;
  readonly load: () => Promise<{ register(program: Command): void | Promise<void> }>;
}

/** Every sub-command of `rogatory`: a new one is a file in this folder and an entry here. */
export const SUBCOMMANDS: readonly Subcommand[] = [
  {
    name: "start",
    summary: "run the bots",
    load: () => import("./start.ts"),
  },
  {
    name: "doctor",
    summary: "check that this machine has what Rogatory needs",
    load: () => import("./doctor.ts"),
  },
  {
    name: "appservice",
    summary: "make the registration file that lets the bots onto a homeserver",
    load: () => import("./appservice.ts"),
  },
  {
    name: "homeserver",
    summary: "run a Synapse homeserver on this machine for development",
    load: () => import("./homeserver.ts"),
  },
  {
    name: "case",
    summary: "create, list and show cases",
    load: () => import("./case.ts"),
  },
  {
    name: "bot",
    summary: "check, recover and verify the bots' identities",
    load: () => import("./bot.ts"),
  },
  {
    name: "log",
    summary: "check and export the log of all acts",
    load: () => import("./log.ts"),
  },
  {
    name: "keys",
    summary: "change the master key",
    load: () => import("./keys.ts"),
  },
  {
    name: "outbox",
    summary: "see what is still to be sent, and settle what was given up",
    load: () => import("./outbox.ts"),
  },
  {
    name: "inbox",
    summary: "see which messages wait or could not be handled, and settle them",
    load: () => import("./inbox.ts"),
  },
  ...commandNouns().map((noun) => ({
    name: noun,
    summary: `the !${noun} commands of a case, for operators`,
    load: async () => {
      const { registerTwins } = await import("./command-twins.ts");
      return { register: (program: Command) => registerTwins(program, noun) };
    },
  })),
];
