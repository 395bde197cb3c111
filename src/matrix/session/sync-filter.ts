import { guardedTypes } from "../../domain/guard/room-state.ts";
import { verificationEventTypes } from "../crypto/verification-events.ts";

const roomTypes = ["m.room.member", "m.room.encryption", "m.room.history_visibility"];

/**
 * Asks only for what is used: no presence, typing, receipts or account data.
 *
 * @param guards whether the account watches what its rooms are like
 */
export function syncFilter(guards: boolean): string {
  const types = guards ? [...new Set([...roomTypes, ...guardedTypes])] : roomTypes;
  return JSON.stringify({
    presence: { types: [] },
    account_data: { types: [] },
    room: {
      account_data: { types: [] },
      ephemeral: { types: [] },
      state: { types },
      timeline: {
        limit: 50,
        types: ["m.room.encrypted", "m.room.redaction", ...verificationEventTypes, ...types],
      },
    },
  });
}

/** What is fetched of a gap. Who came and went in it, the state of the response has told. */
export const gapFilter = JSON.stringify({ types: ["m.room.encrypted"] });
