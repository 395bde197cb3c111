import type { UserId } from "@matrix-org/matrix-sdk-crypto-wasm";
import type { MatrixEvent } from "matrix-js-sdk";
import { z } from "zod";

/**
 * What a room must tell matrix-js-sdk's crypto, in place of its `Room`: rooms live in our database,
 * and this small view is enough (checked by the contract test).
 */
export interface RoomView {
  readonly roomId: string;
  getJoinedMembers(): MemberView[];
  getEncryptionTargetMembers(): Promise<MemberView[]>;
  shouldEncryptForInvitedMembers(): boolean;
  getHistoryVisibility(): string;
  getBlacklistUnverifiedDevices(): boolean | null;
}

export interface MemberView {
  readonly userId: string;
  readonly membership: string;
}

export interface CryptoChanges {
  readonly toDeviceEvents: readonly unknown[];
  readonly deviceLists: unknown;
  readonly oneTimeKeysCounts: Readonly<Record<string, number>> | undefined;
  readonly unusedFallbackKeys: readonly string[] | undefined;
}

export interface UpdatedKey {
  readonly roomId: { toString(): string };
  readonly sessionId: string;
}

/**
 * The methods of matrix-js-sdk's crypto that its own sync loop calls. They are marked internal,
 * which is why the version is pinned exactly and why they are looked for at run time: an upgrade
 * that renames one fails at start, not in the middle of a case.
 */
export interface CryptoBackend {
  processSyncChanges(changes: CryptoChanges): Promise<unknown>;
  onCryptoEvent(room: RoomView, event: MatrixEvent): Promise<void>;
  onRoomMembership(event: MatrixEvent, member: MemberView, oldMembership?: string): void;
  onSyncCompleted(state: { readonly catchingUp?: boolean }): void;
  encryptEvent(event: MatrixEvent, room: RoomView): Promise<void>;
  /** Takes in-room verification events, in clear text; others are ignored. */
  onLiveEventFromSync(event: MatrixEvent): Promise<void>;
  /** Told of keys of rooms, from wherever they came: other devices, the key backup. */
  onRoomKeysUpdated(keys: readonly UpdatedKey[]): Promise<void>;
  readonly eventDecryptor: {
    /** Keeps every event that could not be decrypted, to try it again; we keep them ourselves. */
    removeEventFromPendingList(event: MatrixEvent): void;
  };
  readonly olmMachine: {
    receiveSyncChanges(...changes: readonly unknown[]): Promise<readonly unknown[]>;
    /** From now on the homeserver is asked about these people's devices; those known already stay so. */
    updateTrackedUsers(users: UserId[]): Promise<unknown>;
  };
  readonly outgoingRequestsManager: {
    /** Uploads keys, asks for keys, sends what waits; resolves when that was tried. */
    doProcessOutgoingRequests(): Promise<void>;
  };
}

const methods = [
  "processSyncChanges",
  "onCryptoEvent",
  "onRoomMembership",
  "onSyncCompleted",
  "encryptEvent",
  "decryptEvent",
  "onLiveEventFromSync",
  "onRoomKeysUpdated",
] as const;

const parts = [
  ["outgoingRequestsManager", "doProcessOutgoingRequests"],
  ["eventDecryptor", "removeEventFromPendingList"],
  ["olmMachine", "receiveSyncChanges"],
  ["olmMachine", "updateTrackedUsers"],
] as const;

function hasMethod(value: unknown, name: string): boolean {
  return (
    typeof value === "object" && value !== null && typeof Reflect.get(value, name) === "function"
  );
}

export const CryptoBackendContract = z.custom<CryptoBackend>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    methods.every((name) => hasMethod(value, name)) &&
    parts.every(([part, name]) => hasMethod(Reflect.get(value, part), name)),
  `matrix-js-sdk's crypto no longer has one of: ${methods.join(", ")}, ${parts.map((part) => part.join(".")).join(", ")}`,
);
