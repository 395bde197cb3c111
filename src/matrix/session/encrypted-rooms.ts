import type { Kysely } from "kysely";
import { z } from "zod";
import {
  findRoom,
  listMembers,
  lockRoomChanges,
  saveMembership,
} from "../../db/repositories/rooms.ts";
import { listUntold } from "../../db/repositories/untold-rooms.ts";
import type { Database } from "../../db/schema.ts";
import { type RoomId, UserId } from "../../domain/ids.ts";
import type { AccountCrypto } from "../crypto/crypto.ts";
import { openRoomView, type StoredRoomView } from "../crypto/room-view.ts";
import { type AccountHttp, HomeserverError, path } from "../http.ts";
import { concernsCrypto, type RoomChanges } from "./room-changes.ts";

export interface EncryptedRoomsOptions {
  readonly db: Kysely<Database>;
  readonly http: AccountHttp;
  readonly crypto: AccountCrypto;
  readonly userId: UserId;
}

const JoinedMembers = z.object({ joined: z.record(z.string(), z.unknown()) });

/** What the crypto of this process has been told of the account's rooms, each on its first use. */
export class EncryptedRooms {
  readonly #options: EncryptedRoomsOptions;
  readonly #configured = new Map<RoomId, Promise<StoredRoomView>>();
  /** Changes that are durable, but of which the crypto does not know yet. */
  readonly #untold: RoomChanges[] = [];
  /** Rooms of which the crypto knows by now. */
  #told: RoomId[] = [];

  constructor(options: EncryptedRoomsOptions) {
    this.#options = options;
  }

  /** The room as the crypto knows it; it learns of it now if it has not been used before. */
  view(roomId: RoomId): Promise<StoredRoomView> {
    const configured = this.#configured.get(roomId) ?? this.#configure(roomId);
    this.#configured.set(roomId, configured);
    configured.catch(() => this.#configured.delete(roomId));
    return configured;
  }

  /** What cannot be told because the homeserver does not answer is told the next time. */
  async tell(changes: readonly RoomChanges[]): Promise<void> {
    this.#untold.push(...changes.filter(concernsCrypto));
    for (let room = this.#untold[0]; room !== undefined; room = this.#untold[0]) {
      await this.#tell(room);
      this.#untold.shift();
      this.#told.push(room.roomId);
    }
  }

  /** What is durable, and was perhaps not told by the process before this one. */
  async tellLeftOver(): Promise<void> {
    const { db, crypto, userId } = this.#options;
    for (const { roomId, rotate } of await listUntold(db, userId)) {
      if ((await this.#place(roomId)) !== undefined) {
        for (const member of await listMembers(db, roomId, ["join", "invite"])) {
          crypto.memberChanged(roomId, member.userId, member.membership);
        }
        if (rotate) await crypto.rotateRoomKey(roomId);
      }
      this.#told.push(roomId);
    }
  }

  /** Rooms of which nothing is left to be told; each is given once. */
  takeTold(): readonly RoomId[] {
    const open = new Set(this.#untold.map(({ roomId }) => roomId));
    const told = this.#told.filter((roomId) => !open.has(roomId));
    this.#told = this.#told.filter((roomId) => open.has(roomId));
    return told;
  }

  /** New rooms and members are tracked at once, so that their first message can be judged. */
  async #tell(room: RoomChanges): Promise<void> {
    const { crypto, userId: own } = this.#options;
    const isTold = this.#configured.has(room.roomId);
    const place = await this.#place(room.roomId);
    if (place === undefined) return;
    const { view, known } = place;
    view.historyVisibility = known.historyVisibility;
    if (isTold && room.encryption !== undefined) await crypto.configureRoom(view, known.encryption);
    for (const [userId, membership] of room.memberships) {
      crypto.memberChanged(room.roomId, userId, membership);
    }
    if (room.departed.length > 0) await crypto.rotateRoomKey(room.roomId);
    for (const event of room.verification) {
      if (event.sender === own) continue;
      await crypto.receiveVerification({ ...event, room_id: room.roomId });
    }
  }

  /** Undefined where there is nothing to tell: no encrypted room, or one that we are not in any more. */
  async #place(roomId: RoomId) {
    const known = await findRoom(this.#options.db, roomId);
    if (known?.encryption === undefined) return undefined;
    try {
      return { view: await this.view(roomId), known: { ...known, encryption: known.encryption } };
    } catch (error) {
      if (error instanceof HomeserverError && !error.isPassing) return undefined;
      throw error;
    }
  }

  async #configure(roomId: RoomId): Promise<StoredRoomView> {
    const { db, crypto } = this.#options;
    const room = await findRoom(db, roomId);
    if (room?.encryption === undefined) throw new Error("the room is not encrypted");
    if ((await listMembers(db, roomId, ["join"])).length === 0) await this.#loadMembers(roomId);
    const view = await openRoomView(db, room);
    await crypto.configureRoom(view, room.encryption);
    return view;
  }

  /** A room that was just made: its members were not in any sync response yet. */
  async #loadMembers(roomId: RoomId): Promise<void> {
    const { db, http } = this.#options;
    const { joined } = await http.json(
      "GET",
      path`/_matrix/client/v3/rooms/${roomId}/joined_members`,
      JoinedMembers,
    );
    await db.transaction().execute(async (transaction) => {
      await lockRoomChanges(transaction);
      for (const id of Object.keys(joined)) {
        const userId = UserId.safeParse(id).data;
        if (userId !== undefined) await saveMembership(transaction, roomId, userId, "join");
      }
    });
  }
}
