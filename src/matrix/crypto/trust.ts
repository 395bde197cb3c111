import { UserId as UserIdInRust } from "@matrix-org/matrix-sdk-crypto-wasm";
import type { MatrixEvent } from "matrix-js-sdk";
import {
  type CryptoApi,
  EventShieldColour,
  EventShieldReason,
} from "matrix-js-sdk/lib/crypto-api/index.js";
import type { UserId } from "../../domain/ids.ts";
import type { CryptoBackend } from "./backend.ts";
import type { KeyQueries } from "./key-queries.ts";

/** Whether the sender's device is signed by its owner; otherwise why it cannot be relied on. */
export type Trust =
  | { readonly kind: "signed" }
  | {
      readonly kind: "doubtful";
      readonly reason: string;
      /** The homeserver has not told the sender's devices yet: asked again, it may be otherwise. */
      readonly passing?: boolean;
    };

/** Judges who has sent a decrypted event. */
export class TrustJudge {
  readonly #api: CryptoApi;
  readonly #backend: CryptoBackend;
  readonly #keyQueries: KeyQueries;

  constructor(api: CryptoApi, backend: CryptoBackend, keyQueries: KeyQueries) {
    this.#api = api;
    this.#backend = backend;
    this.#keyQueries = keyQueries;
  }

  async of(event: MatrixEvent, sender: UserId): Promise<Trust> {
    const trust = await this.#asKnown(event);
    return trust.kind === "signed" ? trust : await this.#afterQuery(event, sender);
  }

  async #asKnown(event: MatrixEvent): Promise<Trust> {
    const info = await this.#api.getEncryptionInfoForEvent(event);
    if (info?.shieldColour === EventShieldColour.NONE) return { kind: "signed" };
    return {
      kind: "doubtful",
      reason: EventShieldReason[info?.shieldReason ?? EventShieldReason.UNKNOWN],
    };
  }

  /**
   * Somebody who has just joined may speak before the answer about their devices is here, and after a
   * restart before anybody has told the crypto that they joined: nobody is doubted before the
   * homeserver has been asked, and has answered.
   */
  async #afterQuery(event: MatrixEvent, sender: UserId): Promise<Trust> {
    await this.#backend.olmMachine.updateTrackedUsers([new UserIdInRust(sender)]);
    await this.#backend.outgoingRequestsManager.doProcessOutgoingRequests();
    const trust = await this.#asKnown(event);
    if (trust.kind === "signed" || !this.#keyQueries.isUnanswered(sender)) return trust;
    return { ...trust, passing: true };
  }
}
