import { instantText } from "../../db/instant-text.ts";
import { findCase, findCaseRoom } from "../../db/repositories/cases.ts";
import {
  listLastingFailures,
  listUntoldDeadLetters,
  markTold,
} from "../../db/repositories/outbox-summaries.ts";
import { takeLostGaps } from "../../db/repositories/timeline-gaps.ts";
import {
  answer,
  code,
  type Line,
  list,
  paragraph,
  strong,
  table,
} from "../../documents/message/outcome.ts";
import type { EventId, RoomId, UserId } from "../../domain/ids.ts";
import { formatDuration } from "../../domain/time/format.ts";
import type { Work } from "../work.ts";
import { MANAGEMENT_LANE, reportToOperators } from "./report.ts";

/** Steps that were given up are told in one message, and each once. */
const lettersInMessage = 20;

/** @returns whether there was anything to tell */
export async function reportDeadLetters(work: Work, registrar: UserId): Promise<boolean> {
  const letters = await listUntoldDeadLetters(work.db);
  if (letters.length === 0) return false;
  await markTold(
    work.db,
    letters.map(({ id }) => id),
    work.now,
  );
  // A report that could not be sent would make another report.
  const told = letters.filter(({ lane }) => !lane.startsWith(MANAGEMENT_LANE));
  if (told.length === 0) return false;
  const shown = told.slice(0, lettersInMessage);
  await reportToOperators(work, registrar, {
    ...{ cause: `dead.${told[0]?.id}.${work.now.epochMilliseconds}`, slot: "letters" },
    outcome: answer(
      paragraph(
        told.length === 1
          ? "A step was given up:"
          : `${told.length} steps were given up${told.length > shown.length ? `; the first ${shown.length}` : ""}:`,
      ),
      table(
        ["Step", "Kind", "Case", "Account", "Failure"],
        shown.map((letter): readonly Line[] => [
          strong(String(letter.id)),
          ...[letter.kind, letter.code ?? "", letter.account, letter.failure ?? ""],
        ]),
      ),
      list([
        ["See all: ", code("rogatory outbox list --dead")],
        ["Try again: ", code(`rogatory outbox retry ${shown[0]?.id}`)],
        ["Give up for good: ", code(`rogatory outbox drop ${shown[0]?.id} --reason "…"`)],
      ]),
    ),
  });
  return true;
}

/** Says once a day what is tried again and again: nothing of it is given up, and perhaps it never heals. */
export async function reportLastingFailures(work: Work, registrar: UserId): Promise<void> {
  const day = work.now.toZonedDateTimeISO("UTC").toPlainDate();
  for (const { account, failure, count } of await listLastingFailures(work.db)) {
    await reportToOperators(work, registrar, {
      ...{ cause: `lasting.${account}.${failure}.${day}`, slot: "lasting" },
      outcome: answer(
        paragraph(
          `${account}: ${count === 1 ? "a step has" : `${count} steps have`} failed for half an hour or longer (${failure}) and will be tried again. Is the homeserver, or the one of a participant, reachable, and does it know the registration? `,
          code("rogatory outbox list"),
          " shows them.",
        ),
      ),
    });
  }
}

/** A ciphertext came again under another event id: an attack, or a broken homeserver. */
export async function reportReplay(
  work: Work,
  registrar: UserId,
  { roomId, eventId }: { readonly roomId: RoomId; readonly eventId: EventId },
): Promise<void> {
  await reportToOperators(work, registrar, {
    // By event: several of our accounts hear of it.
    ...{ cause: `replay.${eventId}`, slot: "replay" },
    outcome: answer(
      paragraph(
        strong(await nameOfRoom(work, roomId)),
        ": A message came again under another event id. It was not carried out again. The homeserver, or a member with a program of their own, did this: look into it.",
      ),
    ),
  });
}

/** An event was set aside because handling it has failed; told once a day for each room. */
export async function reportParked(
  work: Work,
  registrar: UserId,
  parked: { readonly account: UserId; readonly roomId: RoomId; readonly failure: string },
): Promise<void> {
  const { account, roomId, failure } = parked;
  const day = work.now.toZonedDateTimeISO("UTC").toPlainDate();
  await reportToOperators(work, registrar, {
    ...{ cause: `parked.${account}.${roomId}.${day}`, slot: "parked" },
    outcome: answer(
      paragraph(
        strong(await nameOfRoom(work, roomId)),
        `: ${account} could not handle a message (${failure}) and has set it aside; nothing of it was carried out, and its sender has no answer. `,
        code("message.parked"),
        " in the log says where it failed: please report that.",
      ),
      list([
        ["See what was set aside: ", code("rogatory inbox list --parked")],
        ["Handle one again: ", code("rogatory inbox retry ID")],
        ["Give it up for good: ", code('rogatory inbox drop ID --reason "…"')],
      ]),
    ),
  });
}

/** So many unreadable messages of a room are worth an operator's look. */
const pilingUp = 10;

/** @param unreadable messages of a room that an account cannot decrypt */
export async function reportUnreadable(
  work: Work,
  registrar: UserId,
  unreadable: { readonly account: UserId; readonly roomId: RoomId; readonly count: number },
): Promise<void> {
  const { account, roomId, count } = unreadable;
  if (count < pilingUp) return;
  // Again only when there are ten times as many, or on another day.
  const magnitude = Math.floor(Math.log10(count));
  const day = work.now.toZonedDateTimeISO("UTC").toPlainDate();
  await reportToOperators(work, registrar, {
    ...{ cause: `unreadable.${account}.${roomId}.${day}.${magnitude}`, slot: "unreadable" },
    outcome: answer(
      paragraph(
        strong(await nameOfRoom(work, roomId)),
        `: ${count} messages cannot be read by ${account}. `,
        code("rogatory bot status"),
        " shows whether keys are withheld.",
      ),
    ),
  });
}

/** @param since the last answer of the homeserver to the account's sync */
export async function reportSilence(
  work: Work,
  registrar: UserId,
  {
    account,
    since,
    over,
  }: {
    readonly account: UserId;
    readonly since: Temporal.Instant;
    readonly over: boolean;
  },
): Promise<void> {
  const lasted = formatDuration(
    since.until(work.now).round({ largestUnit: "hours", smallestUnit: "minutes" }),
  );
  await reportToOperators(work, registrar, {
    ...{ cause: `sync.${account}.${since.epochMilliseconds}`, slot: over ? "back" : "silent" },
    outcome: answer(
      paragraph(
        over
          ? `${account} hears from the homeserver again, after ${lasted}.`
          : `${account} has not heard from the homeserver for ${lasted}.`,
      ),
    ),
  });
}

/** Messages that the homeserver does not give out: whatever was asked in them is not answered. */
export async function reportLostGaps(work: Work, registrar: UserId): Promise<void> {
  for (const { id, account, roomId, openedAt, failure } of await takeLostGaps(work.db)) {
    await reportToOperators(work, registrar, {
      ...{ cause: `gap.${id}`, slot: "lost" },
      outcome: answer(
        paragraph(
          strong(await nameOfRoom(work, roomId)),
          `: what was said shortly before ${instantText(openedAt)} could not be fetched for ${account}; the homeserver answered ${failure}. Commands among it were not carried out: tell the people of the room.`,
        ),
      ),
    });
  }
}

export interface StartNews {
  /** Names this start. */
  readonly cause: string;
  /** How the process before this one ended, as the supervisor says: `exit code 74`, `SIGKILL`. */
  readonly lastEnd: string | undefined;
  /** Since when the bots ran before, if they did not end properly. */
  readonly ranSince: Temporal.Instant | undefined;
  /** Whether this process stood by for another one. */
  readonly stoodBy: boolean;
}

/** Says that the bots run again, if they had not been stopped by an operator. */
export async function reportStart(
  work: Work,
  registrar: UserId,
  { cause, lastEnd, ranSince, stoodBy }: StartNews,
): Promise<void> {
  if (lastEnd === undefined && ranSince === undefined && !stoodBy) return;
  const how =
    lastEnd === undefined
      ? ranSince === undefined
        ? "ended properly"
        : "ended without a word"
      : `ended with ${lastEnd}`;
  await reportToOperators(work, registrar, {
    ...{ cause, slot: "start" },
    outcome: answer(
      paragraph(
        stoodBy
          ? `A process that stood by has taken over. The one before it ${how}.`
          : `The bots have started again. The process before ${how}; docs/operations.md lists the exit codes.`,
      ),
    ),
  });
}

/** Its code and kind where it belongs to a case. */
async function nameOfRoom({ db, vault }: Work, roomId: RoomId): Promise<string> {
  const room = await findCaseRoom(db, roomId);
  const open = room === undefined ? undefined : await findCase(db, vault, room.caseId);
  if (room === undefined || open === undefined) return roomId;
  return `${open.case.code} · ${room.label ?? room.section ?? room.kind}`;
}
