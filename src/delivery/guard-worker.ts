import type { Kysely } from "kysely";
import { isConnectionLost } from "../db/connection-lost.ts";
import { listCaseRooms, listCases, type OpenCase } from "../db/repositories/cases.ts";
import { findManagement } from "../db/repositories/management.ts";
import { readRoomStates, replaceRoomState } from "../db/repositories/room-state.ts";
import { listJoined, lockRoomChanges } from "../db/repositories/rooms.ts";
import type { Database } from "../db/schema.ts";
import { transact } from "../db/transact.ts";
import type { BotAccounts } from "../domain/case/bots.ts";
import type { CaseId, RoomId } from "../domain/ids.ts";
import { HomeserverError, UnreachableError } from "../matrix/http.ts";
import { guardedFacts, readFullState } from "../matrix/session/full-state.ts";
import type { Session } from "../matrix/session/session.ts";
import { checkCase, type UnsignedDevices } from "../services/guard/check-case.ts";
import { checkManagement } from "../services/guard/check-management.ts";
import { refillRooms } from "../services/guard/refill-rooms.ts";
import type { Vault } from "../vault/vault.ts";
import { Wakeable } from "./wakeable.ts";

export interface GuardOptions {
  readonly db: Kysely<Database>;
  readonly vault: Vault;
  /** The registrar's: it is in every room. */
  readonly session: Session;
  readonly accounts: BotAccounts;
  now(): Temporal.Instant;
  /** Steps may have been added to the outbox. */
  onSteps(): void;
  onFailure(error: unknown): void;
}

/** How often everything is looked at, whether the homeserver has told of a change or not. */
const roundMs = 60 * 60_000;
/** Many people join at once, and one look is enough for them all. */
const settleMs = 1_000;
/** Whoever waited for the bots to come back is answered first. */
const firstRoundMs = 2_000;
/** After a look that has failed, everything is looked at again. */
const afterFailureMs = 60_000;

/**
 * Looks at the rooms of cases, and at the operators' room: at all when it starts and every hour, and in between at those of which
 * the homeserver tells that something has changed.
 */
export class GuardWorker extends Wakeable {
  readonly #options: GuardOptions;
  readonly #changed = new Set<RoomId>();
  #nextRound = performance.now() + firstRoundMs;
  #nextLook = 0;
  #isFirstRound = true;
  #isRecheckWanted = false;

  constructor(options: GuardOptions) {
    super();
    this.#options = options;
  }

  /** Told of every response: it must cost nothing where nothing has changed. */
  roomsChanged(rooms: readonly RoomId[]): void {
    if (rooms.length === 0) return;
    if (this.#changed.size === 0) this.#nextLook = performance.now() + settleMs;
    for (const room of rooms) this.#changed.add(room);
    this.wake();
  }

  /** Looks at what is known of all cases: a repair has ended, one way or the other. */
  recheck(): void {
    this.#isRecheckWanted = true;
    this.wake();
  }

  /** Looks at some cases as in an hourly round, now; at everything if none is named. */
  async lookAtCases(wanted?: readonly CaseId[]): Promise<void> {
    const cases = await listCases(this.#options.db, this.#options.vault);
    for (const open of cases) {
      if (wanted?.includes(open.case.id) !== false) await this.#look(open, true);
    }
    if (wanted === undefined) await this.#lookAtManagement(true);
  }

  protected override async work(): Promise<number> {
    const now = performance.now();
    if (now >= this.#nextRound) {
      this.#nextRound = now + roundMs;
      this.#changed.clear();
      const everything = !this.#isFirstRound;
      this.#isFirstRound = false;
      for (const open of await listCases(this.#options.db, this.#options.vault)) {
        await this.#guarded(() => this.#look(open, everything));
      }
      await this.#guarded(() => this.#lookAtManagement(everything));
    } else if (this.#isRecheckWanted) {
      this.#isRecheckWanted = false;
      for (const open of await listCases(this.#options.db, this.#options.vault)) {
        await this.#guarded(() => this.#check(open, undefined));
      }
      await this.#guarded(() => this.#checkManagement(undefined));
    } else if (this.#changed.size > 0 && now >= this.#nextLook) {
      const rooms = [...this.#changed];
      this.#changed.clear();
      for (const open of await this.#casesOf(rooms)) {
        await this.#guarded(() => this.#check(open, undefined));
      }
      const operators = await this.#managementRoom();
      if (operators !== undefined && rooms.includes(operators)) {
        await this.#guarded(() => this.#checkManagement(undefined));
      }
    }
    const next = this.#changed.size > 0 ? this.#nextLook : this.#nextRound;
    return Math.max(10, next - performance.now());
  }

  /**
   * Looks at all rooms of a case, and at the devices of the people in them.
   *
   * @param everything whether the homeserver is asked about each room, or only about those of which it
   *   has told nothing yet
   */
  async #look(open: OpenCase, everything: boolean): Promise<void> {
    const { db } = this.#options;
    const rooms = (await listCaseRooms(db, open.case.id)).flatMap(({ roomId }) =>
      roomId === undefined ? [] : [roomId],
    );
    await this.#check(open, await this.#askAboutAll(rooms, everything));
  }

  async #lookAtManagement(everything: boolean): Promise<void> {
    const roomId = await this.#managementRoom();
    if (roomId === undefined) return;
    await this.#checkManagement(await this.#askAboutAll([roomId], everything));
  }

  async #managementRoom(): Promise<RoomId | undefined> {
    return (await findManagement(this.#options.db))?.roomId;
  }

  /** @returns the unsigned devices of the people in the rooms */
  async #askAboutAll(rooms: readonly RoomId[], everything: boolean): Promise<UnsignedDevices> {
    const { db, session } = this.#options;
    const known = await readRoomStates(db, rooms);
    for (const roomId of rooms) {
      if (everything || !known.has(roomId)) await this.#askAbout(roomId);
    }
    return session.crypto.unsignedDevices(await listJoined(db, rooms));
  }

  async #askAbout(roomId: RoomId): Promise<void> {
    const { db, session } = this.#options;
    const eventsOf = async (reader: Parameters<typeof readRoomStates>[0]) =>
      (await readRoomStates(reader, [roomId])).get(roomId)?.map(({ eventId }) => eventId);
    const before = String(await eventsOf(db));
    try {
      const state = await readFullState(session.http, roomId);
      await transact(db, async (transaction) => {
        await lockRoomChanges(transaction);
        // What the sync has told since the question is newer than the answer.
        if (String(await eventsOf(transaction)) !== before) return;
        await replaceRoomState(transaction, roomId, guardedFacts(state));
      });
    } catch (error) {
      // A room that the registrar is no longer in; what is known of it is judged.
      if (!(error instanceof HomeserverError) || error.status >= 500) throw error;
    }
  }

  async #check({ case: of, seal }: OpenCase, devices: UnsignedDevices | undefined): Promise<void> {
    const { db, vault, accounts: bots, now } = this.#options;
    await transact(db, async (transaction) => {
      const actor = { kind: "bot", bot: "registrar" } as const;
      const work = { db: transaction, vault, now: now(), caseId: of.id, seal, actor };
      await refillRooms(work, { case: of, bots });
      await checkCase(work, { case: of, bots }, devices);
    });
    this.#options.onSteps();
  }

  async #checkManagement(devices: UnsignedDevices | undefined): Promise<void> {
    const { db, vault, accounts: bots, now, onSteps } = this.#options;
    await transact(db, (transaction) =>
      checkManagement({ db: transaction, vault, now: now() }, bots, devices),
    );
    onSteps();
  }

  /** One case that cannot be looked at must not keep the others from it, nor end the process. */
  async #guarded(look: () => Promise<void>): Promise<void> {
    try {
      await look();
    } catch (error) {
      if (isConnectionLost(error)) throw error;
      this.#nextRound = Math.min(this.#nextRound, performance.now() + afterFailureMs);
      if (error instanceof UnreachableError) return;
      this.#options.onFailure(error);
    }
  }

  async #casesOf(rooms: readonly RoomId[]): Promise<readonly OpenCase[]> {
    const { db, vault } = this.#options;
    const rows = await db
      .selectFrom("case_room")
      .select("case_id")
      .distinct()
      .where("room_id", "in", rooms)
      .execute();
    const wanted = new Set<CaseId>(rows.map((row) => row.case_id));
    if (wanted.size === 0) return [];
    return (await listCases(db, vault)).filter(({ case: of }) => wanted.has(of.id));
  }
}
