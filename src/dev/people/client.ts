import {
  ClientEvent,
  Filter,
  type MatrixClient,
  type MatrixEvent,
  MatrixEventEvent,
  SyncState,
} from "matrix-js-sdk";
import type { CryptoApi } from "matrix-js-sdk/lib/crypto-api/index.js";
import { z } from "zod";
import { type GapWatch, readGaps } from "./gaps.ts";
import { readMessage } from "./message.ts";
import type { Timeline } from "./timeline.ts";

/** The first upload of an identity needs no further authentication (MSC3967). */
export async function crossSign(crypto: CryptoApi): Promise<void> {
  await crypto.bootstrapCrossSigning({
    setupNewCrossSigning: true,
    authUploadDeviceSigningKeys: async (makeRequest) => {
      await makeRequest(null);
    },
  });
}

/** Decrypts what arrives, in order, and again when a key comes late. */
export function readEvents(
  client: MatrixClient,
  timeline: Timeline,
  gaps: GapWatch,
): ReadonlyMap<string, MatrixEvent> {
  const events = new Map<string, MatrixEvent>();
  const keep = (event: MatrixEvent) => {
    const message = readMessage(event);
    if (message !== undefined) {
      events.set(message.eventId, event);
      timeline.add(message);
    } else if (event.isDecryptionFailure()) {
      timeline.addUndecryptable({
        eventId: event.getId() ?? "",
        roomId: event.getRoomId() ?? "",
        sender: event.getSender() ?? "",
        reason: event.decryptionFailureReason ?? "UNKNOWN_ERROR",
      });
    }
  };
  const known = new Set<string>();
  let queue = Promise.resolve();
  const read = (event: MatrixEvent) => {
    known.add(event.getId() ?? "");
    queue = queue.then(async () => {
      await client.decryptEventIfNeeded(event);
      keep(event);
    });
  };
  client.on(ClientEvent.Event, read);
  readGaps(client, gaps, known, read);
  client.on(MatrixEventEvent.Decrypted, keep);
  return events;
}

const RoomKey = z.object({ room_id: z.string() });

/** Of whom, and for which room, keys came or were withheld; grows with what comes. */
export function heardKeys(client: MatrixClient): ReadonlySet<string> {
  const heard = new Set<string>();
  client.on(ClientEvent.ToDeviceEvent, (event) => {
    if (!/\broom_key(?:\.withheld)?$/.test(event.getType())) return;
    const { data } = RoomKey.safeParse(event.getContent());
    if (data !== undefined) heard.add(`${event.getSender()} ${data.room_id}`);
  });
  return heard;
}

/** Only what a chat needs: 45 clients share one process. */
export async function startSync(client: MatrixClient): Promise<void> {
  const nothing = { not_types: ["*"] };
  const filter = new Filter(client.getUserId());
  filter.setDefinition({
    presence: nothing,
    account_data: nothing,
    room: {
      ephemeral: nothing,
      account_data: nothing,
      timeline: { limit: 100 },
      state: { lazy_load_members: true },
    },
  });
  const synchronised = new Promise<void>((resolve, reject) => {
    const onSync = (state: SyncState, _before: SyncState | null, data?: { error?: Error }) => {
      if (state === SyncState.Prepared) resolve();
      else if (state === SyncState.Error) reject(data?.error ?? new Error("sync failed"));
      else return;
      client.off(ClientEvent.Sync, onSync);
    };
    client.on(ClientEvent.Sync, onSync);
  });
  await client.startClient({ filter, lazyLoadMembers: true, disablePresence: true });
  await synchronised;
  // Nobody calls anybody here, and its bookkeeping grows with every member of every room.
  client.matrixRTC.stop();
}
