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

const having = (method: string) =>
  z.custom<object>(
    (value) =>
      typeof value === "object" &&
      value !== null &&
      typeof Reflect.get(value, method) === "function",
  );

const Parts = z.object({
  outgoingRequestsManager: having("doProcessOutgoingRequests"),
  eventDecryptor: having("removeEventFromPendingList"),
  olmMachine: having("receiveSyncChanges"),
});

export const CryptoBackendContract = z.custom<CryptoBackend>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    methods.every((name) => name in value && typeof Reflect.get(value, name) === "function") &&
    Parts.safeParse(value).success,
  `matrix-js-sdk's crypto no longer has one of: ${methods.join(", ")}, outgoingRequestsManager.doProcessOutgoingRequests, eventDecryptor.removeEventFromPendingList, olmMachine.receiveSyncChanges`,
);
