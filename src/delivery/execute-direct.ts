import type { Transaction } from "kysely";
import { answerUnknown } from "../commands/answers.ts";
import { type Addressed, recognise } from "../commands/dispatch.ts";
import { roomTemplate } from "../config/room-template.ts";
import { findCase, listCaseRooms, type OpenCase } from "../db/repositories/cases.ts";
import { insertProgress } from "../db/repositories/creation-progress.ts";
import {
  type DirectRoom,
  type DirectState,
  noteCases,
  saveDirectState,
} from "../db/repositories/direct-rooms.ts";
import { forgetSent, giveToCase, transactionIdOf } from "../db/repositories/outbox.ts";
import type { Database } from "../db/schema.ts";
import {
  answer,
  code,
  list,
  type Outcome,
  paragraph,
  strong,
} from "../documents/message/outcome.ts";
import { readCaseSaid } from "../domain/case/case-said.ts";
import { RogatoryError } from "../domain/errors.ts";
import type { CaseId, UserId } from "../domain/ids.ts";
import { commonRoom } from "../services/case/common-room.ts";
import { type AskedFurther, askFurther, beginAsking } from "../services/case/create-by-asking.ts";
import { casesOf, type OwnCase } from "../services/case/own-cases.ts";
import type { Direct } from "./direct.ts";
import { refuseDoubtful } from "./doubt.ts";
import { type RouterOptions, runInRoom } from "./router.ts";

/** A file that was sent as an answer, as text; or why it cannot be read. */
export type ReadFile =
  | { readonly fileName: string; readonly text: string }
  | { readonly problem: string };

/** What was fetched for the answer to a message, before the transaction. */
export interface Fetched {
  readonly file: ReadFile | undefined;
  /** People without an account, of a new case or of a command; undefined if it could not be asked. */
  readonly unknownAccounts: readonly UserId[] | undefined;
}

export interface DirectAnswer {
  readonly outcome: Outcome;
  /** The case with whose key the answer is sealed. */
  readonly open: OpenCase | undefined;
  /** Cases that the answer names beside it. */
  readonly named?: readonly CaseId[];
}

/**
 * Answers what is said in a direct conversation. The case is said, and never guessed; what a command
 * shows there is what it shows to this person in the room for everybody of that case.
 *
 * @throws RogatoryError for what the sender got wrong
 */
export async function executeDirect(
  transaction: Transaction<Database>,
  options: RouterOptions,
  direct: Direct,
  fetched: Fetched,
): Promise<DirectAnswer> {
  if (!direct.alone) {
    return plain(
      paragraph(
        "I answer in the rooms of a case, and in a direct conversation with one person. Others are in this room: please write to me alone.",
      ),
    );
  }
  const { event, state, text } = direct;
  const all = await casesOf(transaction, options.vault, event.sender);
  const own = all.filter(({ served }) => served);
  const isOperator = options.operators?.includes(event.sender) === true;
  if (all.length === 0 && !isOperator) {
    return plain(
      paragraph(
        "You are on the roster of no case, so there is nothing that I could do for you. Ask a leader or co-chair of your case to add you.",
      ),
    );
  }
  refuseDoubtful(direct);
  if (state.draft !== undefined && isOperator) {
    return creating(transaction, options, direct, state, fetched);
  }
  if (/^\s*!case\s+new\b/i.test(text)) return beginCreating(transaction, options, direct);
  const said = readCaseSaid(text, all);
  if (said.kind === "two") {
    throw new RogatoryError(
      "direct.two-cases",
      "You name one case before the command and another one after it: name one.",
    );
  }
  const open = "of" in said ? said.of : all.find((known) => known.case.id === state.caseId);
  if ("of" in said && !said.of.served) throw over(said.of);
  if (said.kind === "chosen") return choose(transaction, options, direct, said.of);
  const addressed = recognise(options.commands, said.kind === "with-command" ? said.command : text);
  const named = own.map((known) => known.case.id);
  if (said.kind === "unknown") return { ...plain(...unknownCase(said.named, own)), named };
  if (addressed?.kind === "unknown") {
    return { ...plain(...answerUnknown(addressed.typed, addressed.guess).blocks), open };
  }
  if (open !== undefined && !open.served && addressed !== undefined) throw over(open);
  if (addressed === undefined || open === undefined) {
    const chosen = addressed === undefined && open?.served === true ? open : undefined;
    return { ...plain(...whichCase(own, isOperator, chosen)), named };
  }
  const outcome = await runHere(transaction, options, direct, addressed, open, fetched);
  const heading = paragraph("In ", strong(open.name), ":");
  return { open, outcome: { ...outcome, blocks: [heading, ...outcome.blocks] } };
}

function over({ name, code: short }: OwnCase): RogatoryError {
  return new RogatoryError(
    "direct.case-over",
    `${name} (${short}) is over, and everybody was taken out of its rooms: only those who led it are still answered. Ask one of them.`,
  );
}

async function choose(
  transaction: Transaction<Database>,
  { vault }: RouterOptions,
  { account, event, state }: Direct,
  open: OwnCase,
): Promise<DirectAnswer> {
  const room = { account, roomId: event.room_id };
  await saveDirectState(transaction, vault.system, room, { ...state, caseId: open.case.id });
  return {
    open,
    outcome: answer(
      paragraph("Commands in this conversation are now about ", strong(nameOf(open)), "."),
      paragraph("Nobody else reads the answers. ", code("!help"), " shows what you can do."),
    ),
  };
}

function unknownCase(named: string, own: readonly OwnCase[]) {
  const yours = own.length === 0 ? "" : ` Yours: ${own.map(nameOf).join(", ")}.`;
  return [paragraph(`You are on no roster of a case “${named}”.${yours}`)];
}

function whichCase(own: readonly OwnCase[], isOperator: boolean, chosen: OwnCase | undefined) {
  if (chosen !== undefined) {
    return [
      paragraph(
        "I understand commands only; they are about ",
        strong(nameOf(chosen)),
        " here. ",
        code("!help"),
        " lists them.",
      ),
    ];
  }
  const creation = isOperator
    ? [paragraph(code("!case new"), " creates a case, to the registrar.")]
    : [];
  const [first] = own;
  if (first === undefined) {
    if (isOperator) return creation;
    return [paragraph("Your cases are over, so there is nothing that I could do for you.")];
  }
  return [
    paragraph("Which case do you mean? Answer with one of these, and then send the command again:"),
    list(own.map(({ name, code: short }) => [code(`in ${name}`), ` (${short})`])),
    paragraph(
      "For one command only, say it with the command: ",
      code(`!help in ${first.name}`),
      ".",
    ),
    ...creation,
  ];
}

function nameOf({ name, code: short }: OwnCase): string {
  return `${name} (${short})`;
}

/** Runs the command as if it were typed where everybody of the case is. */
async function runHere(
  transaction: Transaction<Database>,
  options: RouterOptions,
  { event }: Direct,
  addressed: Addressed,
  open: OwnCase,
  { unknownAccounts }: Fetched,
): Promise<Outcome> {
  const known = { answeredIn: undefined, unknownAccounts };
  const template = roomTemplate(open.case.template);
  const room = commonRoom(await listCaseRooms(transaction, open.case.id), open.case.template);
  if (room === undefined) {
    throw new RogatoryError(
      "direct.no-room",
      "This case has no room for everybody, so that its commands are used in its rooms only.",
    );
  }
  return runInRoom(transaction, options, { addressed, event, room, open, template }, known);
}

async function beginCreating(
  transaction: Transaction<Database>,
  options: RouterOptions,
  direct: Direct,
): Promise<DirectAnswer> {
  const { account, event, state } = direct;
  if (options.operators?.includes(event.sender) !== true) {
    throw new RogatoryError(
      "creation.not-operator",
      "Only operators create cases. Ask the people who run this service.",
    );
  }
  if (account !== options.accounts.registrar) {
    throw new RogatoryError(
      "creation.other-bot",
      `Cases are created in a direct conversation with the registrar: write to ${options.accounts.registrar}.`,
    );
  }
  const begun = beginAsking();
  await keepDraft(transaction, options, direct, { ...state, draft: begun.draft });
  return { outcome: begun.outcome, open: undefined };
}

async function creating(
  transaction: Transaction<Database>,
  options: RouterOptions,
  direct: Direct,
  { draft, ...state }: DirectState,
  { file, unknownAccounts }: Fetched,
): Promise<DirectAnswer> {
  const { account, event, text } = direct;
  if (draft === undefined) throw new TypeError("nothing is being created");
  if (file !== undefined && "problem" in file) {
    throw new RogatoryError("creation.file", file.problem);
  }
  if (/^\s*!(?!(?:back|cancel|skip|done|yes)\s*$)/i.test(text)) {
    throw new RogatoryError(
      "creation.under-way",
      "You are creating a case here: answer the question, or end this with cancel before you use commands.",
    );
  }
  const { accounts, localPeople, vault } = options;
  const asked = {
    ...{ bots: accounts, localPeople, unknownAccounts },
    ...{ operator: event.sender, cause: event.event_id },
  };
  const work = { db: transaction, vault, now: options.now() };
  const further: AskedFurther = await askFurther(work, asked, draft, {
    text: text.replace(/^\s*!/, ""),
    file,
  });
  const { created, draft: next, outcome } = further;
  await keepDraft(transaction, options, direct, { ...state, draft: next });
  const lane = { account, lane: event.room_id };
  // What the questions have repeated of the answers.
  if (created === undefined && next === undefined) await forgetSent(transaction, lane);
  if (created === undefined) return { outcome, open: undefined };
  // From here on the answer to this message shows the progress.
  await insertProgress(transaction, {
    caseId: created.caseId,
    account,
    roomId: event.room_id,
    firstTransactionId: transactionIdOf(event.event_id, "reply"),
  });
  const open = await findCase(transaction, vault, created.caseId);
  if (open === undefined) throw new TypeError("the case has just been made");
  await giveToCase(transaction, lane, created.caseId, vault.system, open.seal);
  return { outcome, open };
}

async function keepDraft(
  transaction: Transaction<Database>,
  { vault }: RouterOptions,
  { account, event }: Direct,
  { draft, ...state }: DirectState,
): Promise<void> {
  const kept = draft === undefined ? state : { ...state, draft };
  await saveDirectState(transaction, vault.system, { account, roomId: event.room_id }, kept);
}

/** Keeps of which cases somebody was told in a direct conversation. */
export async function noteAnswer(
  transaction: Transaction<Database>,
  room: DirectRoom,
  { open, named = [] }: Pick<DirectAnswer, "open" | "named">,
): Promise<void> {
  await noteCases(transaction, room, named, false);
  await noteCases(transaction, room, open === undefined ? [] : [open.case.id], true);
}

function plain(...blocks: Outcome["blocks"]): DirectAnswer {
  return { outcome: answer(...blocks), open: undefined };
}
