import type { RoomId } from "../../domain/ids.ts";
import type { RoomMessage } from "../people/message.ts";

export interface TranscriptOptions {
  readonly title: string;
  readonly preface: string;
  /** Names of the rooms, in the order in which they are written. */
  readonly rooms: ReadonlyMap<RoomId, string>;
  readonly messages: readonly RoomMessage[];
  /** How a sender is called. */
  readonly nameOf: (sender: string) => string;
  readonly timeZone: string;
  /** What to add to the homeserver's time. */
  readonly shift: Temporal.Duration;
}

/**
 * Whether a message belongs to the scene: what people say and what they are answered. A bot also speaks
 * by itself, such as to welcome newcomers or to bring the board up to date, at moments that differ from
 * run to run.
 */
export function isOfScene({ kind, relations }: RoomMessage): boolean {
  return kind !== "notice" || relations.some((relation) => relation.kind !== "edit");
}

/** Writes what people read as Markdown, room by room, with times. */
export function writeTranscript(options: TranscriptOptions): string {
  const parts = [`# ${options.title}`, options.preface];
  for (const [roomId, name] of options.rooms) {
    const said = options.messages
      .filter((message) => message.roomId === roomId)
      .toSorted((a, b) => a.sentAt - b.sentAt);
    if (said.length === 0) continue;
    parts.push(`## ${name}`, ...said.map((message) => writeMessage(message, options)));
  }
  return `${parts.join("\n\n")}\n`;
}

function writeMessage(message: RoomMessage, options: TranscriptOptions): string {
  const time = Temporal.Instant.fromEpochMilliseconds(message.sentAt)
    .add(options.shift)
    .toZonedDateTimeISO(options.timeZone)
    .toPlainTime()
    .toString({ smallestUnit: "minute" });
  const heading = `**${time} · ${options.nameOf(message.sender)}**${NOTES[message.kind] ?? ""}`;
  return `${heading}\n${quote(message.body)}`;
}

/** A quotation that breaks its lines where the text does. */
function quote(text: string): string {
  return text
    .split("\n")
    .map((line, index, lines) => {
      const goesOn = line !== "" && (lines[index + 1] ?? "") !== "";
      return `> ${escapeLine(line)}${goesOn ? "\\" : ""}`.trimEnd();
    })
    .join("\n");
}

const NOTES: Partial<Record<RoomMessage["kind"], string>> = {
  file: " sent a file",
  reaction: " reacted",
};

/** Keeps what people typed from becoming markup. */
function escapeLine(text: string): string {
  return text.replaceAll(/[\\`*_<|]/g, "\\$&").replace(/^(#|>|[-+] )/, "\\$1");
}
