import type { MatrixClient } from "matrix-js-sdk";
import {
  CryptoEvent,
  VerificationPhase,
  type VerificationRequest,
  VerificationRequestEvent,
  type Verifier,
  VerifierEvent,
} from "matrix-js-sdk/lib/crypto-api/index.js";
import { RoomId, UserId } from "../../domain/ids.ts";

/** What the two people compare ("SAS method: emoji", "SAS method: decimal"). */
export interface ShortAuthentication {
  readonly emoji: readonly { readonly symbol: string; readonly name: string }[];
  readonly decimals: readonly number[];
}

export type VerificationState =
  /** Somebody asks, and nobody has answered. */
  | { readonly kind: "requested" }
  /** We have answered; the other side has to begin. */
  | { readonly kind: "accepted" }
  | { readonly kind: "comparing"; readonly compare: ShortAuthentication }
  /** We have said that they match; the other side has not yet. */
  | { readonly kind: "confirmed" }
  | { readonly kind: "done" }
  | { readonly kind: "cancelled"; readonly code: string; readonly byUs: boolean };

/** One verification that somebody else asked for. Nothing in it is confirmed but by `confirm`. */
export class Verification {
  readonly otherUserId: UserId;
  /** The device that asks, once it is known. */
  get otherDeviceId(): string | undefined {
    return this.#request.otherDeviceId;
  }
  /** Of the direct conversation; undefined for a request to our device. */
  readonly roomId: RoomId | undefined;
  readonly #request: VerificationRequest;
  #verifier: Verifier | undefined;
  #confirmed = false;

  constructor(request: VerificationRequest) {
    this.#request = request;
    this.otherUserId = UserId.parse(request.otherUserId);
    this.roomId = request.roomId === undefined ? undefined : RoomId.parse(request.roomId);
    request.on(VerificationRequestEvent.Change, () => this.#follow());
  }

  state(): VerificationState {
    const request = this.#request;
    switch (request.phase) {
      case VerificationPhase.Done:
        return { kind: "done" };
      case VerificationPhase.Cancelled:
        return {
          kind: "cancelled",
          code: request.cancellationCode ?? "m.user",
          byUs: request.cancellingUserId !== request.otherUserId,
        };
      case VerificationPhase.Ready:
        return { kind: "accepted" };
      case VerificationPhase.Started: {
        if (this.#confirmed) return { kind: "confirmed" };
        const compare = this.#compare();
        return compare === undefined ? { kind: "accepted" } : { kind: "comparing", compare };
      }
      default:
        return { kind: "requested" };
    }
  }

  /** Says that we take part. The person then begins in their client. */
  async accept(): Promise<void> {
    await this.#request.accept();
  }

  /** The operator saw the same: signs the other's identity, and tells them. */
  async confirm(): Promise<void> {
    this.#confirmed = true;
    await this.#verifier?.getShowSasCallbacks()?.confirm();
  }

  /** The operator saw something else: somebody may be in between. */
  mismatch(): void {
    this.#verifier?.getShowSasCallbacks()?.mismatch();
  }

  async cancel(): Promise<void> {
    const { kind } = this.state();
    if (kind === "done" || kind === "cancelled") return;
    await this.#request.cancel();
  }

  #compare(): ShortAuthentication | undefined {
    const sas = this.#verifier?.getShowSasCallbacks()?.sas;
    if (sas === undefined) return undefined;
    return {
      emoji: (sas.emoji ?? []).map(([symbol, name]) => ({ symbol, name })),
      decimals: sas.decimal ?? [],
    };
  }

  /** When the other side has begun, keys are exchanged at once: that gives nothing away. */
  #follow(): void {
    const verifier = this.#request.verifier;
    if (verifier === undefined || this.#verifier !== undefined) return;
    this.#verifier = verifier;
    verifier.on(VerifierEvent.Cancel, () => {});
    // How it ends is read from the request.
    verifier.verify().catch(() => {});
  }
}

/** The verifications that others have asked this account for, newest last. */
export class Verifications {
  readonly #known = new Set<Verification>();

  constructor(client: MatrixClient) {
    client.on(CryptoEvent.VerificationRequestReceived, (request) => {
      if (!request.initiatedByMe && !request.isSelfVerification) {
        this.#known.add(new Verification(request));
      }
    });
  }

  /** Those that wait for an answer. */
  waiting(): readonly Verification[] {
    for (const verification of this.#known) {
      // Who is served holds on to it; the others are over.
      if (verification.state().kind !== "requested") this.#known.delete(verification);
    }
    return [...this.#known];
  }
}
