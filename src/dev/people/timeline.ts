import { RogatoryError } from "../../domain/errors.ts";
import type { EventId } from "../../domain/ids.ts";
import type { RoomMessage } from "./message.ts";

/** An event that could not be decrypted, and the SDK's reason. */
export interface Undecryptable {
  readonly eventId: string;
  readonly roomId: string;
  readonly sender: string;
  readonly reason: string;
}

interface Waiting {
  readonly matches: (message: RoomMessage) => boolean;
  readonly resolve: (message: RoomMessage) => void;
}

/** All that one person has read, in the order in which it came, and who waits for what. */
export class Timeline {
  readonly #messages = new Map<EventId, RoomMessage>();
  readonly #undecryptable = new Map<string, Undecryptable>();
  readonly #waiting = new Set<Waiting>();
  readonly #listeners = new Set<(message: RoomMessage) => void>();

  get messages(): readonly RoomMessage[] {
    return [...this.#messages.values()];
  }

  /** What is unreadable now: an event whose key came late is no longer among them. */
  get undecryptable(): readonly Undecryptable[] {
    return [...this.#undecryptable.values()];
  }

  add(message: RoomMessage): void {
    this.#undecryptable.delete(message.eventId);
    if (this.#messages.has(message.eventId)) return;
    this.#messages.set(message.eventId, message);
    for (const listener of this.#listeners) listener(message);
    for (const waiting of this.#waiting) {
      if (waiting.matches(message)) waiting.resolve(message);
    }
  }

  addUndecryptable(event: Undecryptable): void {
    this.#undecryptable.set(event.eventId, event);
  }

  onMessage(listener: (message: RoomMessage) => void): void {
    this.#listeners.add(listener);
  }

  /**
   * The first message that matches, already read or still to come.
   *
   * @throws RogatoryError `people.waited-in-vain`, which names what was waited for
   */
  first(
    matches: (message: RoomMessage) => boolean,
    waitedFor: string,
    timeoutMilliseconds: number,
  ): Promise<RoomMessage> {
    const known = this.messages.find(matches);
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        this.#waiting.delete(waiting);
      };
      const waiting: Waiting = {
        matches,
        resolve: (message) => {
          settle();
          resolve(message);
        },
      };
      const timer = setTimeout(() => {
        settle();
        reject(waitedInVain(waitedFor, timeoutMilliseconds, this.#undecryptable.size));
      }, timeoutMilliseconds);
      this.#waiting.add(waiting);
    });
  }
}

function waitedInVain(waitedFor: string, milliseconds: number, unreadable: number): RogatoryError {
  const hint = unreadable === 0 ? "" : ` (${unreadable} events could not be decrypted)`;
  return new RogatoryError(
    "people.waited-in-vain",
    `Nothing came within ${Math.round(milliseconds / 1000)} seconds: ${waitedFor}${hint}.`,
  );
}
