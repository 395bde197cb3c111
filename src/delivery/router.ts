import type { Kysely, Transaction } from "kysely";
import { z } from "zod";
import { answeringBot } from "../bots/bots.ts";
import { answerUnknown } from "../commands/answers.ts";
import type { Command, CommandContext } from "../commands/command.ts";
import { type Addressed, recognise, run } from "../commands/dispatch.ts";
import { capabilitiesOf, type RoomTemplate, roomTemplate } from "../config/room-template.ts";
import { findCase, findCaseRoom, findPerson, type OpenCase } from "../db/repositories/cases.ts";
import { appendToJournal, type JournalKeys } from "../db/repositories/journal.ts";
import type { Database } from "../db/schema.ts";
import { answer, code, type Outcome, paragraph } from "../documents/message/outcome.ts";
import type { BotAccounts, BotName } from "../domain/case/bots.ts";
import type { CaseRoom } from "../domain/case/case.ts";
import type { LocalWay } from "../domain/case/ways.ts";
import { RogatoryError } from "../domain/errors.ts";
import type { UserId } from "../domain/ids.ts";
import type { Decrypted, RawEvent } from "../matrix/crypto/crypto.ts";
import type { Vault } from "../vault/vault.ts";
import { type Doubt, doubtOf, refuseDoubtful } from "./doubt.ts";

export interface RouterOptions {
  readonly vault: Vault;
  readonly commands: readonly Command[];
  readonly accounts: BotAccounts;
  readonly requireSignedDevices: boolean;
  /** Who may create cases. */
  readonly operators?: readonly UserId[] | undefined;
  /** How people of the own homeserver come into rooms; invited to each if left out. */
  readonly localPeople?: LocalWay | undefined;
  now(): Temporal.Instant;
  /** A homeserver's time on our clock. */
  at(originServerTs: number): Temporal.Instant;
}

/** A message that is a command for the account that received it, and all that is known of its room. */
export interface Routed {
  readonly event: RawEvent;
  readonly addressed: Addressed;
  /** Why it is not certain who has sent it. */
  readonly doubt: Doubt | undefined;
  readonly room: CaseRoom;
  readonly open: OpenCase;
  readonly template: RoomTemplate;
}

const TextMessage = z.object({ msgtype: z.literal("m.text"), body: z.string() });
const Relation = z.object({
  "m.relates_to": z.object({ rel_type: z.string().optional() }).optional(),
});

/**
 * Decides whether this account has to answer a message. Edits never execute a command again;
 * notices and other event types are never commands.
 *
 * @returns undefined if there is nothing for this account to do
 */
export async function route(
  db: Kysely<Database>,
  options: RouterOptions,
  account: UserId,
  event: RawEvent,
  message: Extract<Decrypted, { kind: "message" }>,
): Promise<Routed | undefined> {
  const text = typedText(message);
  if (text === undefined) return undefined;
  const addressed = recognise(options.commands, text);
  if (addressed === undefined) return undefined;

  const room = await findCaseRoom(db, event.room_id);
  if (room === undefined) return undefined;
  const open = await findCase(db, options.vault, room.caseId);
  if (open === undefined) return undefined;
  const template = roomTemplate(open.case.template);
  const present = template.rooms.find(({ kind }) => kind === room.kind)?.bots ?? [];
  const bot = answeringBot(present, botOf(addressed)) ?? present[0];
  if (bot === undefined || options.accounts[bot] !== account) return undefined;
  const doubt = doubtOf(message.trust, options.requireSignedDevices);
  return { event, addressed, doubt, room, open, template };
}

/** What somebody typed, without a quotation before it; undefined for edits and all that is no text. */
export function typedText({
  type,
  content,
}: Extract<Decrypted, { kind: "message" }>): string | undefined {
  const text = type === "m.room.message" ? TextMessage.safeParse(content).data : undefined;
  return text === undefined || isEdit(content) ? undefined : withoutQuotation(text.body);
}

/** Runs a routed command. Throws a RogatoryError for what the sender got wrong. */
export async function execute(
  transaction: Transaction<Database>,
  options: RouterOptions,
  routed: Routed,
  unknownAccounts: CommandContext["unknownAccounts"],
): Promise<Outcome> {
  if (routed.addressed.kind === "unknown") {
    return answerUnknown(routed.addressed.typed, routed.addressed.guess);
  }
  refuseDoubtful(routed);
  return runInRoom(transaction, options, routed, { answeredIn: routed.room, unknownAccounts });
}

/** Runs a command as typed in a room of its case. */
export async function runInRoom(
  transaction: Transaction<Database>,
  options: RouterOptions,
  routed: Pick<Routed, "addressed" | "event" | "open" | "room" | "template">,
  known: Pick<CommandContext, "answeredIn" | "unknownAccounts">,
): Promise<Outcome> {
  const { addressed, event, open, room, template } = routed;
  if (addressed.kind === "unknown") return answerUnknown(addressed.typed, addressed.guess);
  const present = template.rooms.find(({ kind }) => kind === room.kind)?.bots ?? [];
  if (botOf(addressed) !== undefined && answeringBot(present, botOf(addressed)) === undefined) {
    return notInThisRoom(addressed.command, template);
  }
  const sender = await findPerson(transaction, open.seal, room.caseId, event.sender);
  if (sender === undefined) {
    throw new RogatoryError(
      "command.stranger",
      "You are not on the roster of this case. Ask a leader or co-chair to add you.",
    );
  }
  const now = options.now();
  const outcome = await run(addressed.command, addressed.argumentText, {
    work: {
      db: transaction,
      vault: options.vault,
      now,
      caseId: room.caseId,
      seal: open.seal,
      actor: { kind: "person", userId: event.sender },
    },
    case: open.case,
    room,
    ...known,
    sender,
    capabilities: capabilitiesOf(template, sender.profile.role),
    bots: options.accounts,
    localPeople: options.localPeople,
    eventId: event.event_id,
    commands: options.commands,
    sentAt: options.at(event.origin_server_ts),
    zone: sender.profile.timeZone,
  });
  await noteInJournal(
    transaction,
    { vault: options.vault, seal: open.seal },
    now,
    routed,
    addressed.command,
  );
  return outcome;
}

function noteInJournal(
  transaction: Transaction<Database>,
  keys: JournalKeys,
  at: Temporal.Instant,
  { event, room }: Pick<Routed, "event" | "room">,
  command: Command,
): Promise<void> {
  return appendToJournal(transaction, keys, {
    at,
    actor: event.sender,
    caseId: room.caseId,
    act: `command.${command.name.replaceAll(" ", ".")}`,
    details: { room: event.room_id, event: event.event_id },
  });
}

/** Help belongs to no bot: the first one of the room gives it. */
function botOf(addressed: Addressed): BotName | undefined {
  if (addressed.kind === "unknown" || addressed.command.name === "help") return undefined;
  return addressed.command.bot;
}

function notInThisRoom(command: Command, template: RoomTemplate): Outcome {
  const elsewhere = template.rooms.filter(
    ({ bots, kind, per }) =>
      // That there is a room for a pair of States is nobody else's business.
      kind !== "space" && per !== "pair" && bots.includes(command.bot),
  );
  const names = elsewhere.map(({ name }) => name).join(", ");
  return answer(
    names === ""
      ? paragraph(code(`!${command.name}`), " is not used in this kind of case.")
      : paragraph(code(`!${command.name}`), ` does not work in this room. Type it in: ${names}.`),
  );
}

export function isEdit(content: Record<string, unknown>): boolean {
  return Relation.safeParse(content).data?.["m.relates_to"]?.rel_type === "m.replace";
}

/** Older clients put the quoted message before a reply ("Fallbacks for rich replies"). */
export function withoutQuotation(body: string): string {
  return body.startsWith("> <") ? body.replace(/^(>.*\n)+\n?/, "") : body;
}
