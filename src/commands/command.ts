import type { Outcome } from "../documents/message/outcome.ts";
import type { BotAccounts, BotName } from "../domain/case/bots.ts";
import type { Capability } from "../domain/case/capability.ts";
import type { Case, CaseRoom } from "../domain/case/case.ts";
import type { Person } from "../domain/case/person.ts";
import type { LocalWay } from "../domain/case/ways.ts";
import type { EventId, UserId } from "../domain/ids.ts";
import type { CaseWork } from "../services/work.ts";
import { type Argument, type ArgumentContext, UsageError } from "./argument.ts";

/** All that a handler may know: the case, who asks and where, and one unit of work. */
export interface CommandContext extends ArgumentContext {
  readonly work: CaseWork;
  readonly case: Case;
  /**
   * The room in which it counts, whose people may know what is made or shown by it; absent on the
   * command line. A direct conversation counts as the room for everybody.
   */
  readonly room: CaseRoom | undefined;
  /** The room whose people read the answer; absent where one person alone reads it. */
  readonly answeredIn: CaseRoom | undefined;
  /** Who typed it; absent when an operator uses the command line. */
  readonly sender: Person | undefined;
  /** What the sender may do in this case. */
  readonly capabilities: ReadonlySet<Capability>;
  /** The accounts of the bots, for what a service has done on the homeserver. */
  readonly bots: BotAccounts;
  /** How people of the own homeserver come into rooms; invited to each if left out. */
  readonly localPeople?: LocalWay | undefined;
  /** Typed Matrix ids of the own homeserver that are no account there, as far as that is known. */
  readonly unknownAccounts?: readonly UserId[] | undefined;
  /** The message that carries the command; absent on the command line. */
  readonly eventId: EventId | undefined;
  /** All commands, for the help. */
  readonly commands: readonly Command[];
}

type Arguments = Readonly<Record<string, Argument<unknown>>>;
type ValuesOf<A extends Arguments> = {
  readonly [K in keyof A]: A[K] extends Argument<infer T> ? T : never;
};

/** One chat command: parser, help, usage errors, permission check and docs/commands.md derive from it. */
export interface CommandDeclaration<A extends Arguments> {
  /** The words after the exclamation mark: `meeting schedule`. */
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly bot: BotName;
  readonly capability: Capability;
  /** One sentence without a full stop, beginning with a verb: "schedule a meeting". */
  readonly summary: string;
  /** Complete lines as typed, without the exclamation mark; a test runs each through the parser. */
  readonly examples: readonly string[];
  /** Read in this order, each from what the one before has left. */
  readonly arguments: A;
  handle(context: CommandContext, values: ValuesOf<A>): Promise<Outcome>;
}

/** A declaration with its argument types folded away, as the registry keeps it. */
export interface Command {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly bot: BotName;
  readonly capability: Capability;
  readonly summary: string;
  readonly examples: readonly string[];
  readonly usage: string;
  readonly arguments: readonly { readonly usage: string; readonly summary: string }[];
  /** Reads the arguments; the answer runs the handler. Reading throws a UsageError. */
  parse(text: string, context: ArgumentContext): (context: CommandContext) => Promise<Outcome>;
}

export function defineCommand<const A extends Arguments>(
  declaration: CommandDeclaration<A>,
): Command {
  const entries = Object.entries(declaration.arguments);
  return {
    name: declaration.name,
    aliases: declaration.aliases ?? [],
    bot: declaration.bot,
    capability: declaration.capability,
    summary: declaration.summary,
    examples: declaration.examples,
    usage: [`!${declaration.name}`, ...entries.map(([, argument]) => argument.usage)].join(" "),
    arguments: entries.map(([, { usage, summary }]) => ({ usage, summary })),
    parse(text, context) {
      const values = readArguments(declaration.arguments, text, context);
      return (full) => declaration.handle(full, values);
    },
  };
}

function readArguments<A extends Arguments>(
  declared: A,
  text: string,
  context: ArgumentContext,
): ValuesOf<A> {
  const values: Record<string, unknown> = {};
  let rest = text;
  for (const [name, argument] of Object.entries(declared)) {
    const read = argument.read(rest, context);
    values[name] = read.value;
    rest = read.rest;
  }
  if (rest.trim() !== "") throw new UsageError(`“${rest.trim()}” was not understood.`);
  // Each value was made by the argument of the same name, which the loop cannot tell the compiler.
  return values as ValuesOf<A>;
}
