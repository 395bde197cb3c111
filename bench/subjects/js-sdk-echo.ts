// A bare matrix-js-sdk bot as its documentation shows one: startClient, crypto in memory.
import {
  ClientEvent,
  createClient,
  KnownMembership,
  type MatrixEvent,
  MatrixEventEvent,
  MsgType,
  RoomEvent,
  SyncState,
} from "matrix-js-sdk";
import { silenceGlobalLog } from "../../src/dev/people/silence.ts";
import { sdkLogger } from "../../src/matrix/crypto/sdk-logger.ts";
import { bareReadyLine, readSettings } from "../support/settings.ts";

const { url, token, userId, deviceId } = readSettings();
silenceGlobalLog();
const client = createClient({
  ...{ baseUrl: url, accessToken: token, userId, deviceId },
  queryParams: { user_id: userId, device_id: deviceId },
  logger: sdkLogger(() => {}),
});
await client.initRustCrypto({ useIndexedDB: false });

let ready = false;
const echoed = new Set<string>();
client.on(RoomEvent.MyMembership, (room, membership) => {
  if (membership === KnownMembership.Invite) void client.joinRoom(room.roomId);
});
client.on(
  ClientEvent.Event,
  (event) => void client.decryptEventIfNeeded(event).then(() => echo(event)),
);
// A key may arrive after its message.
client.on(MatrixEventEvent.Decrypted, (event) => void echo(event));
client.on(ClientEvent.Sync, (state) => {
  if (ready || state !== SyncState.Prepared) return;
  ready = true;
  process.stdout.write(`${bareReadyLine}\n`);
});
await client.startClient();

async function echo(event: MatrixEvent): Promise<void> {
  if (!ready || event.getSender() === userId) return;
  const { msgtype, body } = event.getContent();
  const [roomId, eventId] = [event.getRoomId(), event.getId()];
  if (event.getType() !== "m.room.message" || msgtype !== MsgType.Text) return;
  if (eventId === undefined || echoed.has(eventId)) return;
  echoed.add(eventId);
  if (roomId === undefined || typeof body !== "string") return;
  await client.sendMessage(roomId, {
    ...{ msgtype: MsgType.Notice, body },
    "m.relates_to": { "m.in_reply_to": { event_id: eventId } },
  });
}
