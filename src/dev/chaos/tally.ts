import { type Config, databaseLocation } from "../../config/config.ts";
import { openDatabase } from "../../db/database.ts";
import { listActions } from "../../db/repositories/actions.ts";
import { listCases } from "../../db/repositories/cases.ts";
import { listMeetings } from "../../db/repositories/meetings.ts";
import type { EventId, UserId } from "../../domain/ids.ts";
import { readMasterKey } from "../../vault/master-key.ts";
import { Vault } from "../../vault/vault.ts";
import { answers, type RoomMessage } from "../people/message.ts";
import type { Reading } from "../people/protocol.ts";
import type { TalkingRoom } from "./stage.ts";
import { markersIn } from "./talk.ts";

/** What was asked, and what became of it: everything below `commands` must be 0 but the last two. */
export interface Tally {
  readonly commands: number;
  /** Commands that had to write a row. */
  readonly effects: number;
  readonly lostEffects: number;
  readonly doubledEffects: number;
  /** Rows that nobody asked for. */
  readonly strangeEffects: number;
  readonly unanswered: number;
  readonly doublyAnswered: number;
  /** Answers that somebody in the room has not read. */
  readonly unread: number;
  /** Events that somebody's client could not decrypt. */
  readonly undecryptable: number;
  readonly deadSteps: number;
  readonly unfinishedSteps: number;
  readonly unhandledEvents: number;
}

export interface Evidence {
  readonly messages: readonly RoomMessage[];
  readonly readings: readonly Reading[];
  readonly rooms: readonly TalkingRoom[];
}

/** Counts, with the bots stopped, what people read and what the database holds. */
export async function count(config: Config, evidence: Evidence): Promise<Tally> {
  const commands = commandsOf(evidence);
  const asked = commands.flatMap(({ body }) => markersIn(body));
  const rows = await readRows(config);
  const written = occurrences(rows.markers);
  const replies = commands.map((command) => repliesTo(command, evidence));
  return {
    commands: commands.length,
    effects: asked.length,
    lostEffects: asked.filter((marker) => !written.has(marker)).length,
    doubledEffects: [...written.values()].filter((times) => times > 1).length,
    strangeEffects: [...written.keys()].filter((marker) => !asked.includes(marker)).length,
    unanswered: replies.filter(({ length }) => length === 0).length,
    doublyAnswered: replies.filter(({ length }) => length > 1).length,
    unread: replies.flat().reduce((sum, reply) => sum + notReadBy(reply, evidence), 0),
    undecryptable: evidence.readings.reduce(
      (sum, reading) => sum + reading.undecryptable.length,
      0,
    ),
    deadSteps: rows.deadSteps,
    unfinishedSteps: rows.unfinishedSteps,
    unhandledEvents: rows.unhandledEvents,
  };
}

export function isFlawless(tally: Tally): boolean {
  const { commands, effects, ...mustBeZero } = tally;
  return commands > 0 && effects > 0 && Object.values(mustBeZero).every((value) => value === 0);
}

/** What people typed, as it stands in the rooms: what a client was not sure of is here if it was sent. */
export function commandsOf({
  messages,
  rooms,
}: Omit<Evidence, "readings">): readonly RoomMessage[] {
  const people = new Set<UserId>(rooms.flatMap((room) => room.people));
  return messages.filter(({ sender, body }) => people.has(sender) && body.startsWith("!"));
}

function repliesTo(command: RoomMessage, { messages }: Evidence): readonly RoomMessage[] {
  return messages.filter(
    (message) => message.sender !== command.sender && answers(message, command.eventId),
  );
}

function notReadBy({ roomId, eventId }: RoomMessage, { rooms, readings }: Evidence): number {
  const people = rooms.find((room) => room.roomId === roomId)?.people ?? [];
  return people.filter((userId) => {
    const read: readonly EventId[] =
      readings.find((reading) => reading.userId === userId)?.read[roomId] ?? [];
    return !read.includes(eventId);
  }).length;
}

async function readRows(config: Config) {
  const vault = new Vault(readMasterKey(config.secrets.masterKey));
  await using db = await openDatabase(databaseLocation(config));
  return await db.transaction().execute(async (transaction) => {
    const texts: string[] = [];
    for (const { case: opened, seal } of await listCases(transaction, vault)) {
      for (const { text } of await listActions(transaction, seal, opened.id)) texts.push(text);
      for (const { title } of await listMeetings(transaction, seal, opened.id)) texts.push(title);
    }
    const steps = await transaction
      .selectFrom("outbox")
      .select(["state", "attempts", "not_before"])
      .execute();
    // What was put off on purpose, such as a welcome, has not been begun yet.
    const isPutOff = (step: (typeof steps)[number]) =>
      step.attempts === 0 && step.not_before !== null;
    const events = await transaction.selectFrom("inbox").select("state").execute();
    return {
      markers: texts.flatMap(markersIn),
      deadSteps: steps.filter(({ state }) => state === "dead").length,
      unfinishedSteps: steps.filter((step) => step.state === "pending" && !isPutOff(step)).length,
      unhandledEvents: events.filter(({ state }) => state !== "done").length,
    };
  });
}

function occurrences(values: readonly string[]): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const value of values) times.set(value, (times.get(value) ?? 0) + 1);
  return times;
}
