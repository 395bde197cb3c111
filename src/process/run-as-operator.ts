import { answerUnknown } from "../commands/answers.ts";
import type { Command, CommandContext } from "../commands/command.ts";
import { type Addressed, recognise, run } from "../commands/dispatch.ts";
import type { OpenCase } from "../db/repositories/cases.ts";
import type { Outcome } from "../documents/message/outcome.ts";
import { renderText } from "../documents/message/render.ts";
import { Capability } from "../domain/case/capability.ts";
import type { Case } from "../domain/case/case.ts";
import { RogatoryError } from "../domain/errors.ts";
import { logAct } from "../services/acts.ts";
import type { CaseWork, Work } from "../services/work.ts";

type AddressedCommand = Extract<Addressed, { kind: "command" }>;

/** What an operator does on a case. */
export interface OperatorWork extends CaseWork {
  readonly case: Case;
  readonly reason: string;
}

/** An operator answers for the deployment: all capabilities, and every use in the log. */
const allCapabilities: ReadonlySet<Capability> = new Set(Capability.options);

/** @throws RogatoryError `command.unknown` */
export function readLine(commands: readonly Command[], line: string): AddressedCommand {
  const addressed = recognise(commands, line.trimStart().startsWith("!") ? line : `!${line}`);
  if (addressed === undefined) {
    throw new RogatoryError("command.unknown", "This is not a command: write it as in a room.");
  }
  if (addressed.kind === "unknown") {
    const sentence = renderText(answerUnknown(addressed.typed, addressed.guess));
    throw new RogatoryError("command.unknown", sentence);
  }
  return addressed;
}

export function asOperator(work: Work, open: OpenCase, reason: string): OperatorWork {
  return {
    ...{ ...work, caseId: open.case.id, seal: open.seal, case: open.case, reason },
    actor: { kind: "operator", reason },
  };
}

/** Runs a command as typed on the command line, in no room. */
export async function runAsOperator(
  work: OperatorWork,
  { command, argumentText }: AddressedCommand,
  context: Pick<CommandContext, "bots" | "commands" | "localPeople" | "unknownAccounts">,
): Promise<Outcome> {
  const outcome = await run(command, argumentText, {
    ...context,
    work,
    case: work.case,
    room: undefined,
    answeredIn: undefined,
    sender: undefined,
    capabilities: allCapabilities,
    eventId: undefined,
    sentAt: work.now,
    zone: work.case.profile.timeZone,
  });
  // Not what was typed: it can be a text that must not outlive its class of data.
  await logAct(work, "command.run", { command: command.name, reason: work.reason });
  return outcome;
}
