import type { Transaction } from "kysely";
import { answerUnknown } from "../commands/answers.ts";
import { recognise } from "../commands/dispatch.ts";
import { roomTemplate } from "../config/room-template.ts";
import { findCase, findPerson, listCaseRooms, type OpenCase } from "../db/repositories/cases.ts";
import { insertProgress } from "../db/repositories/creation-progress.ts";
import { type DirectState, saveDirectState } from "../db/repositories/direct-rooms.ts";
import { transactionIdOf } from "../db/repositories/outbox.ts";
import type { Database } from "../db/schema.ts";
import {
  answer,
  code,
  list,
  type Outcome,
  paragraph,
  strong,
} from "../documents/message/outcome.ts";
import { RogatoryError } from "../domain/errors.ts";
import { type AskedFurther, askFurther, beginAsking } from "../services/case/create-by-asking.ts";
import { casesOf, findOwnCase } from "../services/case/own-cases.ts";
import { type Direct, inCase } from "./direct.ts";
import { type RouterOptions, refuseDoubtful, runInRoom } from "./router.ts";

/** A file that was sent as an answer, as text; or why it cannot be read. */
export type ReadFile =
  | { readonly fileName: string; readonly text: string }
  | { readonly problem: string };

export interface DirectAnswer {
  readonly outcome: Outcome;
  /** The case with whose key the answer is sealed. */
  readonly open: OpenCase | undefined;
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
  file: ReadFile | undefined,
): Promise<DirectAnswer> {
  if (!direct.alone) {
    return plain(
      paragraph(
        "I answer in the rooms of a case, and in a direct conversation with one person. Others are in this room: please write to me alone.",
      ),
    );
  }
  const { event, state, text } = direct;
  const own = await casesOf(transaction, options.vault, event.sender);
  const isOperator = options.operators?.includes(event.sender) === true;
  if (own.length === 0 && !isOperator) {
    return plain(
      paragraph(
        "You are on the roster of no case, so there is nothing that I could do for you. Ask a leader or co-chair of your case to add you.",
      ),
    );
  }
  refuseDoubtful(direct);
  if (state.draft !== undefined && isOperator) {
    return creating(transaction, options, direct, state, file);
  }
  if (/^\s*!case\s+new\b/i.test(text)) return beginCreating(transaction, options, direct);
  const named = inCase(text);
  if (named !== undefined) return choose(transaction, options, direct, named, own);
  const addressed = recognise(options.commands, text);
  if (addressed?.kind === "unknown") {
    return plain(...answerUnknown(addressed.typed, addressed.guess).blocks);
  }
  const open = own.find((known) => known.case.id === state.caseId);
  if (addressed === undefined || open === undefined) {
    return plain(...whichCase(own, isOperator, addressed === undefined ? open : undefined));
  }
  const outcome = await runHere(transaction, options, direct, open);
  const heading = paragraph("In ", strong(open.case.profile.name), ":");
  return { open, outcome: { ...outcome, blocks: [heading, ...outcome.blocks] } };
}

async function choose(
  transaction: Transaction<Database>,
  { vault }: RouterOptions,
  { account, event, state }: Direct,
  named: string,
  own: readonly OpenCase[],
): Promise<DirectAnswer> {
  const open = findOwnCase(named, own);
  if (open === undefined) {
    throw new RogatoryError(
      "direct.case-unknown",
      `You are on no roster of a case “${named}”. ${own.length === 0 ? "" : `Yours: ${own.map(nameOf).join(", ")}.`}`.trim(),
    );
  }
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

function whichCase(own: readonly OpenCase[], isOperator: boolean, chosen: OpenCase | undefined) {
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
  const creation = paragraph(code("!case new"), " creates a case, to the registrar.");
  if (own.length === 0) return [creation];
  return [
    paragraph("Which case do you mean? Tell me first, and then send the command again:"),
    list(
      own.map(({ case: { code: short, profile } }) => [code(`in ${profile.name}`), ` (${short})`]),
    ),
    ...(isOperator ? [creation] : []),
  ];
}

function nameOf({ case: { code: short, profile } }: OpenCase): string {
  return `${profile.name} (${short})`;
}

/** Runs the command as if it were typed where everybody of the case is. */
async function runHere(
  transaction: Transaction<Database>,
  options: RouterOptions,
  { event, text }: Direct,
  open: OpenCase,
): Promise<Outcome> {
  const template = roomTemplate(open.case.template);
  const entry = template.rooms.find(
    ({ kind, per, roles, outsideSpace }) =>
      kind !== "space" && per === "case" && roles === "all" && !outsideSpace,
  );
  const rooms = await listCaseRooms(transaction, open.case.id);
  const room = rooms.find(({ kind }) => kind === entry?.kind);
  const addressed = recognise(options.commands, text);
  if (room === undefined || addressed === undefined) {
    throw new RogatoryError(
      "direct.no-room",
      "This case has no room for everybody, so that its commands are used in its rooms only.",
    );
  }
  const sender = await findPerson(transaction, open.seal, open.case.id, event.sender);
  if (sender === undefined) throw new TypeError("the person's own cases were looked for");
  return runInRoom(transaction, options, { addressed, event, room, open, template }, undefined);
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
  file: ReadFile | undefined,
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
  const asked = { bots: accounts, localPeople, operator: event.sender, cause: event.event_id };
  const work = { db: transaction, vault, now: options.now() };
  const further: AskedFurther = await askFurther(work, asked, draft, {
    text: text.replace(/^\s*!/, ""),
    file,
  });
  const { created, draft: next, outcome } = further;
  await keepDraft(transaction, options, direct, { ...state, draft: next });
  if (created === undefined) return { outcome, open: undefined };
  // From here on the answer to this message shows the progress.
  await insertProgress(transaction, {
    caseId: created.caseId,
    account,
    roomId: event.room_id,
    firstTransactionId: transactionIdOf(event.event_id, "reply"),
  });
  return { outcome, open: await findCase(transaction, vault, created.caseId) };
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

function plain(...blocks: Outcome["blocks"]): DirectAnswer {
  return { outcome: answer(...blocks), open: undefined };
}
