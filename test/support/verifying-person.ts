import {
  ClientEvent,
  createClient,
  EventType,
  type MatrixClient,
  MatrixEvent,
  Preset,
} from "matrix-js-sdk";
import {
  type CryptoApi,
  type ShowSasCallbacks,
  VerificationPhase,
  type VerificationRequest,
  VerificationRequestEvent,
  VerifierEvent,
} from "matrix-js-sdk/lib/crypto-api/index.js";
import { z } from "zod";
import { registerAccount } from "../../src/dev/homeserver/accounts.ts";
import type { Homeserver } from "../../src/dev/homeserver/homeserver.ts";
import { crossSign, startSync } from "../../src/dev/people/client.ts";
import { silenceGlobalLog } from "../../src/dev/people/silence.ts";
import { RoomId, type UserId } from "../../src/domain/ids.ts";
import { CryptoBackendContract, type RoomView } from "../../src/matrix/crypto/backend.ts";
import { sdkLogger } from "../../src/matrix/crypto/sdk-logger.ts";

/** Somebody with an ordinary client who verifies a bot. */
export interface VerifyingPerson {
  readonly userId: UserId;
  readonly client: MatrixClient;
  readonly crypto: CryptoApi;
  /** A direct conversation that the other has joined. */
  converse(other: UserId): Promise<RoomId>;
  /** Asks for a verification as clients do that encrypt such events. */
  askEncrypted(roomId: RoomId, other: UserId): Promise<void>;
  hasVerified(other: UserId): Promise<boolean>;
  stop(): void;
}

export async function startVerifyingPerson(
  homeserver: Homeserver,
  localpart: string,
): Promise<VerifyingPerson> {
  silenceGlobalLog();
  const account = await registerAccount(homeserver, { localpart });
  const client = createClient({
    baseUrl: homeserver.url,
    userId: account.userId,
    deviceId: account.deviceId,
    accessToken: account.accessToken,
    disableVoip: true,
    logger: sdkLogger(() => {}),
  });
  await client.initRustCrypto({ useIndexedDB: false });
  const crypto = client.getCrypto();
  if (crypto === undefined) throw new Error("no encryption");
  await crossSign(crypto);
  await startSync(client);
  return {
    userId: account.userId,
    client,
    crypto,
    async converse(other) {
      const { room_id: roomId } = await client.createRoom({
        preset: Preset.PrivateChat,
        is_direct: true,
        invite: [other],
        initial_state: [
          {
            type: EventType.RoomEncryption,
            state_key: "",
            content: { algorithm: "m.megolm.v1.aes-sha2" },
          },
        ],
      });
      await until(client, ClientEvent.Sync, () => {
        const membership = client.getRoom(roomId)?.getMember(other)?.membership;
        return membership === "join" ? true : undefined;
      });
      await crypto.userHasCrossSigningKeys(other, true);
      return RoomId.parse(roomId);
    },
    async askEncrypted(roomId, other) {
      const event = new MatrixEvent({
        type: "m.room.message",
        room_id: roomId,
        content: {
          msgtype: "m.key.verification.request",
          body: "verify",
          from_device: account.deviceId,
          methods: ["m.sas.v1"],
          to: other,
        },
      });
      const room = z.custom<RoomView>(Boolean).parse(client.getRoom(roomId));
      await CryptoBackendContract.parse(crypto).encryptEvent(event, room);
      const sent = await fetch(
        `${homeserver.url}/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/send/m.room.encrypted/ask`,
        {
          method: "PUT",
          headers: { authorization: `Bearer ${account.accessToken}` },
          body: JSON.stringify(event.getWireContent()),
        },
      );
      if (!sent.ok) throw new Error(`the homeserver answered ${sent.status}`);
    },
    hasVerified: async (other) =>
      (await crypto.getUserVerificationStatus(other)).isCrossSigningVerified(),
    stop: () => client.stopClient(),
  };
}

/** Waits until the bot has answered, begins, and gives what the person sees. */
export async function compareEmoji(request: VerificationRequest): Promise<ShowSasCallbacks> {
  await untilPhase(request, VerificationPhase.Ready);
  const verifier = await request.startVerification("m.sas.v1");
  const shown = Promise.withResolvers<ShowSasCallbacks>();
  verifier.once(VerifierEvent.ShowSas, shown.resolve);
  verifier.verify().catch(shown.reject);
  return shown.promise;
}

export async function untilPhase(
  request: VerificationRequest,
  phase: VerificationPhase,
): Promise<void> {
  if (request.phase === phase) return;
  await new Promise<void>((resolve) => {
    const look = () => {
      if (request.phase !== phase) return;
      request.off(VerificationRequestEvent.Change, look);
      resolve();
    };
    request.on(VerificationRequestEvent.Change, look);
  });
}

function until<T>(
  client: MatrixClient,
  event: ClientEvent.Sync,
  look: () => T | undefined,
): Promise<T> {
  return new Promise((resolve) => {
    const check = () => {
      const found = look();
      if (found === undefined) return;
      client.off(event, check);
      resolve(found);
    };
    client.on(event, check);
    check();
  });
}
