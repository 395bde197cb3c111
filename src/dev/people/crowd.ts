import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { extname, join } from "node:path";
import { z } from "zod";
import { RogatoryError } from "../../domain/errors.ts";
import { type EventId, RoomId, type UserId } from "../../domain/ids.ts";
import { RoomMessage } from "./message.ts";
import { Member, type MemberWish, Reading, Reply, type Request } from "./protocol.ts";
import { Timeline } from "./timeline.ts";

const TIMEOUT = 120_000;

type Milliseconds = number;

/** People in a process of their own, so that their clients and the bots do not share a core. */
export interface Crowd {
  /** Everything that anybody has read, once each, in the order in which it was first read. */
  readonly timeline: Timeline;
  /** Makes clients with keys and identity, which do not synchronise yet. */
  start(url: string, members: readonly MemberWish[]): Promise<void>;
  /** Everybody synchronises and joins the rooms they are invited to, now and later. */
  acceptInvitations(): Promise<void>;
  /** The encrypted room whose name ends with `suffix`, once the person knows of all its members. */
  room(
    userId: UserId,
    suffix: string,
    options?: { readonly members?: number; readonly timeout?: Milliseconds },
  ): Promise<RoomId>;
  /** Hands the keys of what the person will say next to everybody in a room. */
  prepareToSpeak(userId: UserId, roomId: RoomId): Promise<void>;
  /** Says something, encrypted, and returns its echo. */
  say(
    userId: UserId,
    roomId: RoomId,
    text: string,
    options?: { readonly inReplyTo?: EventId; readonly timeout?: Milliseconds },
  ): Promise<RoomMessage>;
  /** The first answer of somebody else to a message, as this person reads it. */
  replyTo(userId: UserId, eventId: EventId, timeout?: Milliseconds): Promise<RoomMessage>;
  /** A message, once this person has read it. */
  reads(userId: UserId, eventId: EventId, timeout?: Milliseconds): Promise<RoomMessage>;
  /** The bytes of a message's attachment, checked and decrypted by this person's client. */
  download(userId: UserId, eventId: EventId): Promise<Uint8Array>;
  /** What this person's client warns of beside a message; undefined if nothing. */
  shield(userId: UserId, eventId: EventId): Promise<string | undefined>;
  readings(): Promise<readonly Reading[]>;
  stop(): Promise<void>;
}

export async function startCrowd(): Promise<Crowd> {
  const file = join(import.meta.dirname, `main${extname(import.meta.filename)}`);
  const child = fork(file, {
    execArgv: ["--disable-warning=ExperimentalWarning"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  await once(child, "spawn");
  const timeline = new Timeline();
  const ask = connect(child, timeline);

  return {
    timeline,
    async start(url, members) {
      await ask({ name: "start", url, members: z.array(Member).parse(members) }, z.null());
    },
    async acceptInvitations() {
      await ask({ name: "accept" }, z.null());
    },
    async prepareToSpeak(userId, roomId) {
      await ask({ name: "prepare", userId, roomId }, z.null());
    },
    room: (userId, suffix, { members, timeout = TIMEOUT } = {}) =>
      ask({ name: "room", userId, suffix, members, timeout }, RoomId),
    say: (userId, roomId, text, { inReplyTo, timeout = TIMEOUT } = {}) =>
      ask({ name: "say", userId, roomId, text, inReplyTo, timeout }, RoomMessage),
    replyTo: (userId, eventId, timeout = TIMEOUT) =>
      ask({ name: "replyTo", userId, eventId, timeout }, RoomMessage),
    reads: (userId, eventId, timeout = TIMEOUT) =>
      ask({ name: "reads", userId, eventId, timeout }, RoomMessage),
    async download(userId, eventId) {
      return Buffer.from(await ask({ name: "download", userId, eventId }, z.base64()), "base64");
    },
    async shield(userId, eventId) {
      return (await ask({ name: "shield", userId, eventId }, z.string().nullable())) ?? undefined;
    },
    readings: () => ask({ name: "readings" }, z.array(Reading)),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}

type Ask = <S extends z.ZodType>(request: Request, schema: S) => Promise<z.output<S>>;

interface Pending {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: RogatoryError) => void;
}

/** Requests and answers over the child's channel; what somebody read goes into the timeline. */
function connect(child: ChildProcess, timeline: Timeline): Ask {
  const pending = new Map<number, Pending>();
  let lastId = 0;

  child.on("message", (message) => {
    const reply = Reply.parse(message);
    if (reply.kind === "message") {
      timeline.add(reply.message);
      return;
    }
    const waiting = pending.get(reply.id);
    pending.delete(reply.id);
    if (reply.kind === "answer") waiting?.resolve(reply.answer);
    else waiting?.reject(new RogatoryError(reply.code, reply.sentence));
  });
  child.on("exit", () => {
    for (const { reject } of pending.values()) reject(hasEnded());
    pending.clear();
  });

  return async (request, schema) => {
    if (!child.connected) throw hasEnded();
    const id = ++lastId;
    const answer = await new Promise<unknown>((resolve, reject) => {
      pending.set(id, { resolve, reject });
      child.send({ id, request });
    });
    return schema.parse(answer);
  };
}

function hasEnded(): RogatoryError {
  return new RogatoryError("people.ended", "The process of the simulated people has ended.");
}
