import type { MatrixClient } from "matrix-js-sdk";
import {
  CrossSigningKey,
  type CryptoApi,
  DecryptionKeyDoesNotMatchError,
} from "matrix-js-sdk/lib/crypto-api/index.js";
import { decodeRecoveryKey } from "matrix-js-sdk/lib/crypto-api/recovery-key.js";
import { z } from "zod";
import { RogatoryError } from "../../domain/errors.ts";
import type { CryptoBackend } from "./backend.ts";

/** Public parts of the cross-signing identity whose private keys this store holds. */
export interface HeldIdentity {
  readonly master: string;
  readonly selfSigning: string;
}

/** The backup that the homeserver has now, as this device sees it. */
export interface BackupView {
  readonly version: string;
  /** Signed by our own identity or device. */
  readonly trusted: boolean;
  /** We hold the key that reads it. */
  readonly readable: boolean;
  /** New keys are being put into it. */
  readonly enabled: boolean;
}

/** A Megolm session as matrix-js-sdk exports it ("Key exports"). */
export type RoomKey = Awaited<ReturnType<CryptoApi["exportRoomKeys"]>>[number];

const SigningKeys = z.object({
  master_key: z.record(z.string(), z.unknown()),
  self_signing_key: z.record(z.string(), z.unknown()),
  user_signing_key: z.record(z.string(), z.unknown()),
});
/** What `POST /keys/device_signing/upload` takes. */
export type SigningKeys = z.infer<typeof SigningKeys>;

/**
 * An account's cross-signing identity, secret storage and key backup: single steps, none of which
 * decides by itself to replace anything. What to do when is decided by the session.
 */
export class CryptoIdentity {
  readonly #client: MatrixClient;
  readonly #api: CryptoApi;
  readonly #backend: CryptoBackend;
  readonly #userId: string;
  readonly #deviceId: string;

  constructor(client: MatrixClient, api: CryptoApi, backend: CryptoBackend) {
    this.#client = client;
    this.#api = api;
    this.#backend = backend;
    this.#userId = client.getSafeUserId();
    this.#deviceId = z.string().parse(client.getDeviceId());
  }

  /** Uploads device keys and asks for our own; resolves when the homeserver has answered. */
  async exchangeKeys(): Promise<void> {
    await this.#backend.outgoingRequestsManager.doProcessOutgoingRequests();
    await this.#api.userHasCrossSigningKeys(this.#userId, true);
  }

  /** Undefined while this store holds no private keys of an identity. */
  async held(): Promise<HeldIdentity | undefined> {
    const [master, selfSigning] = await Promise.all([
      this.#api.getCrossSigningKeyId(CrossSigningKey.Master),
      this.#api.getCrossSigningKeyId(CrossSigningKey.SelfSigning),
    ]);
    return master === null || selfSigning === null ? undefined : { master, selfSigning };
  }

  /**
   * Opens what there is: takes the private keys out of secret storage if this store has none, and
   * makes new ones only if there are none anywhere. The caller has made sure that it may.
   */
  async bootstrap(): Promise<void> {
    await this.#api.bootstrapCrossSigning({
      // The first upload needs no further authentication (MSC3967), and later ones none of an
      // application service (MSC4190).
      authUploadDeviceSigningKeys: async (makeRequest) => {
        await makeRequest(null);
      },
    });
    // The signing made our own device list out of date; the backup waits for its query.
    await this.exchangeKeys();
  }

  /** The public keys with their signatures, for publishing them again. */
  async signingKeys(): Promise<SigningKeys> {
    return SigningKeys.parse(await this.#api.getUserCrossSigningKeys(this.#userId));
  }

  async signOwnDevice(): Promise<void> {
    await this.#api.crossSignDevice(this.#deviceId);
  }

  async newRecoveryKey(): Promise<string> {
    const { encodedPrivateKey } = await this.#api.createRecoveryKeyFromPassphrase();
    if (encodedPrivateKey !== undefined) return encodedPrivateKey;
    throw new RogatoryError("crypto.recovery-key", "No recovery key could be made.");
  }

  /** Whether the identity and the backup's key stand in secret storage. */
  isSecretStorageReady(): Promise<boolean> {
    return this.#api.isSecretStorageReady();
  }

  /** Makes secret storage with the recovery key, if there is none, and puts our keys into it. */
  async fillSecretStorage(recoveryKey: string): Promise<void> {
    await this.#api.bootstrapSecretStorage({
      createSecretStorageKey: async () => ({
        privateKey: decodeRecoveryKey(recoveryKey),
        encodedPrivateKey: recoveryKey,
      }),
    });
  }

  /** What the recovery key is to the account's secret storage. */
  judgeRecoveryKey(recoveryKey: string | undefined): Promise<RecoveryKeyVerdict> {
    return judgeRecoveryKey(this.#client, recoveryKey);
  }

  /** Looks at the homeserver's backup and uses it if it is ours. Undefined if none was found. */
  async backup(): Promise<BackupView | undefined> {
    const check = await this.#api.checkKeyBackupAndEnable();
    const version = check?.backupInfo.version;
    if (check === null || version === undefined) return undefined;
    return {
      version,
      trusted: check.trustInfo.trusted,
      readable: check.trustInfo.matchesDecryptionKey,
      enabled: (await this.#api.getActiveSessionBackupVersion()) === version,
    };
  }

  /**
   * Takes the backup's key out of secret storage; false if there is none, or another one. Call
   * `backup` before.
   */
  async loadBackupKey(): Promise<boolean> {
    if ((await this.#client.secretStorage.get("m.megolm_backup.v1")) === undefined) return false;
    try {
      await this.#api.loadSessionBackupPrivateKeyFromSecretStorage();
      return true;
    } catch (error) {
      if (error instanceof DecryptionKeyDoesNotMatchError) return false;
      throw error;
    }
  }

  /** Deletes the backups on the homeserver and begins a new one with all keys of this store. */
  async startNewBackup(): Promise<void> {
    await this.#api.resetKeyBackup();
  }

  /** Reads all keys of the backup into this store. */
  async restoreBackup(): Promise<{ readonly total: number; readonly imported: number }> {
    const { total, imported } = await this.#api.restoreKeyBackup();
    return { total, imported };
  }

  /** All room keys of this store, in clear text: never write them anywhere. */
  exportRoomKeys(): Promise<readonly RoomKey[]> {
    return this.#api.exportRoomKeys();
  }

  async importRoomKeys(keys: readonly RoomKey[]): Promise<void> {
    await this.#api.importRoomKeys([...keys]);
  }

  /**
   * Makes secret storage and the key backup anew, so that neither the former recovery key nor older
   * copies of the homeserver's database open anything. The backups there are deleted.
   */
  async renewSecretStorage(recoveryKey: string): Promise<void> {
    await this.#api.bootstrapSecretStorage({
      createSecretStorageKey: async () => ({
        privateKey: decodeRecoveryKey(recoveryKey),
        encodedPrivateKey: recoveryKey,
      }),
      setupNewSecretStorage: true,
      setupNewKeyBackup: true,
    });
  }
}

export type RecoveryKeyVerdict = "no secret storage" | "opens" | "does not open";

/** @param recoveryKey undefined opens nothing */
export async function judgeRecoveryKey(
  client: MatrixClient,
  recoveryKey: string | undefined,
): Promise<RecoveryKeyVerdict> {
  const storage = await client.secretStorage.getKey();
  if (storage === null) return "no secret storage";
  if (recoveryKey === undefined) return "does not open";
  const [, description] = storage;
  return (await client.secretStorage.checkKey(decodeRecoveryKey(recoveryKey), description))
    ? "opens"
    : "does not open";
}

/** @throws RogatoryError `recovery-key.malformed` */
export function checkRecoveryKey(text: string): string {
  const recoveryKey = text.trim();
  try {
    decodeRecoveryKey(recoveryKey);
    return recoveryKey;
  } catch (cause) {
    throw new RogatoryError(
      "recovery-key.malformed",
      "This is not a recovery key: it has 48 letters and digits in groups of four, as rogatory bot recovery-key prints it.",
      { cause },
    );
  }
}
