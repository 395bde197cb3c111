// A bare matrix-bot-sdk bot as its documentation shows one; without encryption, like most of them.
import { AutojoinRoomsMixin, MatrixClient, MemoryStorageProvider } from "matrix-bot-sdk";
import { z } from "zod";
import { prepareBotSdk } from "../../src/matrix/provisioning/bot-sdk.ts";
import { bareReadyLine, readSettings } from "../support/settings.ts";

const Message = z.object({
  event_id: z.string(),
  sender: z.string(),
  content: z.object({ msgtype: z.literal("m.text"), body: z.string() }),
});

const { url, token, userId } = readSettings();
prepareBotSdk();

/** The only sign of a finished first sync: its position is kept after it was handled. */
class TellingStorage extends MemoryStorageProvider {
  override setSyncToken(syncToken: string | null): void {
    if (syncToken !== null && this.getSyncToken() === null) {
      process.stdout.write(`${bareReadyLine}\n`);
    }
    super.setSyncToken(syncToken);
  }
}

const storage = new TellingStorage();
storage.setSyncToken(null);
const client = new MatrixClient(url, token, storage);
client.impersonateUserId(userId);
AutojoinRoomsMixin.setupOnClient(client);
client.on("room.message", async (roomId: string, event: unknown) => {
  const message = Message.safeParse(event).data;
  if (message === undefined || message.sender === userId) return;
  await client.sendMessage(roomId, {
    ...{ msgtype: "m.notice", body: message.content.body },
    "m.relates_to": { "m.in_reply_to": { event_id: message.event_id } },
  });
});
await client.start();
