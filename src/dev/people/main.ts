import { describeError, RogatoryError } from "../../domain/errors.ts";
import type { RoomId, UserId } from "../../domain/ids.ts";
import { type Person, preparePerson } from "./person.ts";
import {
  type Member,
  type Reading,
  type Reply,
  type Request,
  RequestEnvelope,
} from "./protocol.ts";

// The process in which the people live, driven over the channel of its parent.

/** All at once would make every one of them wait for the others. */
const AT_ONCE = 5;

const people = new Map<UserId, Person>();
const told = new Set<string>();
/** Who has handed out the keys of what they will say in which room. */
const prepared: { readonly userId: UserId; readonly roomId: RoomId }[] = [];

async function perform(request: Request): Promise<unknown> {
  switch (request.name) {
    case "start":
      return startAll(request.url, request.members);
    case "room":
      return (await find(request.userId).roomByName(request.suffix, request)).roomId;
    case "accept":
      return acceptAll();
    case "prepare":
      return prepareToSpeak(find(request.userId), request.roomId);
    case "say": {
      const { userId, roomId, text, inReplyTo, timeout } = request;
      const eventId = await find(userId).say(roomId, text, { inReplyTo });
      return find(userId).reads(eventId, timeout);
    }
    case "replyTo":
      return find(request.userId).replyTo(request.eventId, request.timeout);
    case "reads":
      return find(request.userId).reads(request.eventId, request.timeout);
    case "download": {
      const person = find(request.userId);
      const bytes = await person.downloadFile(await person.reads(request.eventId));
      return Buffer.from(bytes).toString("base64");
    }
    case "shield":
      return (await find(request.userId).shieldOf(request.eventId)) ?? null;
    case "readings":
      return [...people.values()].map(readingOf);
  }
}

async function startAll(url: string, members: readonly Member[]): Promise<null> {
  await inGroups(members, (member) => prepare(url, member));
  return null;
}

async function acceptAll(): Promise<null> {
  const all = [...people.values()];
  await inGroups(all, (person) => person.synchronise());
  // Everybody's joining is news for everybody: it comes down at once when all have joined.
  const joined = joinRoomByRoom(all);
  await Promise.all(all.map((person) => person.holdSync(() => joined)));
  await inGroups(all, (person) => person.acceptInvitations());
  return null;
}

/** They enter a room together, as at a meeting: no welcome is said while the half of them is outside. */
async function joinRoomByRoom(all: readonly Person[]): Promise<void> {
  const seats = all.flatMap((person) => person.invitations().map((roomId) => ({ person, roomId })));
  for (const group of Map.groupBy(seats, ({ roomId }) => roomId).values()) {
    await inGroups(group, ({ person, roomId }) => person.join(roomId));
  }
}

/**
 * Two who each open an Olm session with the other, before either has heard of it, hand out the keys of a
 * room anew, and only from the next message on: those before stay unreadable. So whoever prepares has
 * first heard of those who did before, wherever they meet.
 */
async function prepareToSpeak(person: Person, roomId: RoomId): Promise<null> {
  const own = new Set(person.rooms().map((room) => room.roomId));
  const others = prepared.filter(
    (other) => other.userId !== person.userId && own.has(other.roomId),
  );
  await Promise.all(others.map((other) => person.hearsKeysOf(other.userId, other.roomId)));
  await person.prepareToSpeak(roomId);
  prepared.push({ userId: person.userId, roomId });
  return null;
}

async function inGroups<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  for (let index = 0; index < all.length; index += AT_ONCE) {
    await Promise.all(all.slice(index, index + AT_ONCE).map(work));
  }
}

async function prepare(url: string, member: Member): Promise<void> {
  const person = await preparePerson({ url }, member, member);
  people.set(person.userId, person);
  person.onMessage((message) => {
    if (told.has(message.eventId)) return;
    told.add(message.eventId);
    send({ kind: "message", message });
  });
}

function readingOf(person: Person): Reading {
  const read = Object.fromEntries(
    person
      .rooms()
      .map(({ roomId }) => [roomId, person.timeline(roomId).map(({ eventId }) => eventId)]),
  );
  return { userId: person.userId, read, undecryptable: [...person.undecryptable()] };
}

function find(userId: UserId): Person {
  const person = people.get(userId);
  if (person !== undefined) return person;
  throw new RogatoryError("people.unknown", `${userId} was not started.`);
}

function send(reply: Reply): void {
  process.send?.(reply);
}

process.on("message", (message) => {
  const { id, request } = RequestEnvelope.parse(message);
  perform(request).then(
    (answer) => send({ kind: "answer", id, answer }),
    (error: unknown) => {
      const code = error instanceof RogatoryError ? error.code : "people.failed";
      send({ kind: "failure", id, code, sentence: describeError(error) });
    },
  );
});
// Ctrl-C in a terminal reaches every process of its group: the parent decides when this one ends.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit(0));
// The parent may have ended while this program was being loaded.
if (process.connected !== true) process.exit(0);
