import { z } from "zod";
import { describeError, RogatoryError } from "../../domain/errors.ts";
import type { UserId } from "../../domain/ids.ts";
import { type Person, startPerson } from "./person.ts";
import {
  type Member,
  type Reading,
  type Reply,
  RequestEnvelope,
  type RequestName,
  REQUESTS,
  type Requests,
} from "./protocol.ts";

// The process in which the people live, driven over the channel of its parent.

/** Starting all at once would make every one of them wait for the others. */
const STARTED_TOGETHER = 5;

const people = new Map<UserId, Person>();
const told = new Set<string>();

type Handlers = {
  readonly [N in RequestName]: (
    parameters: z.output<Requests[N]["parameters"]>,
  ) => Promise<z.input<Requests[N]["answer"]>>;
};

const handlers: Handlers = {
  async start({ url, members }) {
    for (let index = 0; index < members.length; index += STARTED_TOGETHER) {
      const group = members.slice(index, index + STARTED_TOGETHER);
      await Promise.all(group.map((member) => start(url, member)));
    }
    return null;
  },
  async room({ userId, suffix, timeout }) {
    return (await find(userId).roomByName(suffix, timeout)).roomId;
  },
  async say({ userId, roomId, text, inReplyTo, timeout }) {
    const person = find(userId);
    const options = inReplyTo === undefined ? {} : { inReplyTo };
    const eventId = await person.say(roomId, text, options);
    return person.reads(eventId, timeout);
  },
  replyTo: ({ userId, eventId, timeout }) => find(userId).replyTo(eventId, timeout),
  reads: ({ userId, eventId, timeout }) => find(userId).reads(eventId, timeout),
  async download({ userId, eventId }) {
    const person = find(userId);
    const bytes = await person.downloadFile(await person.reads(eventId));
    return Buffer.from(bytes).toString("base64");
  },
  async shield({ userId, eventId }) {
    return (await find(userId).shieldOf(eventId)) ?? null;
  },
  readings: async () => [...people.values()].map(readingOf),
};

async function start(url: string, member: Member): Promise<void> {
  const { crossSigned = true, onlySignedDevices = false, pace = 0 } = member;
  const person = await startPerson({ url }, member, { crossSigned, onlySignedDevices, pace });
  people.set(person.userId, person);
  person.onMessage((message) => {
    if (told.has(message.eventId)) return;
    told.add(message.eventId);
    send({ kind: "message", message });
  });
  person.acceptInvitations();
}

function readingOf(person: Person): z.input<typeof Reading> {
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

async function handle<N extends RequestName>(name: N, id: number, parameters: unknown) {
  const { parameters: schema, answer }: { parameters: z.ZodType; answer: z.ZodType } =
    REQUESTS[name];
  const work: (parameters: never) => Promise<unknown> = handlers[name];
  try {
    send({ kind: "answer", id, answer: answer.parse(await work(schema.parse(parameters) as never)) });
  } catch (error) {
    const code = error instanceof RogatoryError ? error.code : "people.failed";
    send({ kind: "failure", id, code, sentence: describeError(error) });
  }
}

const Name = z.enum(Object.keys(REQUESTS) as [RequestName]);

process.on("message", (message) => {
  const { id, name, parameters } = RequestEnvelope.parse(message);
  void handle(Name.parse(name), id, parameters);
});
// Ctrl-C in a terminal reaches every process of its group: the parent decides when this one ends.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit(0));
