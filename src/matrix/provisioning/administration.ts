import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { RogatoryError } from "../../domain/errors.ts";
import type { RoomId, UserId } from "../../domain/ids.ts";
import { AccountHttp, HomeserverError, path } from "../http.ts";
import { patiently } from "../patience.ts";

export interface AdministrationAccess {
  readonly homeserverUrl: string;
  /** Token of a server administrator, where one is configured. */
  readonly adminToken: string | undefined;
  /** Token of the application service. */
  readonly token: string;
  /** May be a server administrator itself. */
  readonly registrar: UserId;
}

const Nothing = z.object({});
const Deletions = z.object({ results: z.array(z.object({ status: z.string() })) });

const adminApi = "/_synapse/admin";

const pollMs = 250;
/** Synapse purges large rooms in the background; an hour is far beyond what a case needs. */
const patienceMs = 60 * 60_000;

/** What only a server administrator of Synapse can do (its admin API). */
export class ServerAdministration {
  readonly #http: AccountHttp;

  private constructor(http: AccountHttp) {
    this.#http = http;
  }

  /**
   * With the configured token, or as the registrar if its account is a server administrator.
   *
   * @returns undefined if neither is one, or the homeserver is not Synapse
   */
  static async open(access: AdministrationAccess): Promise<ServerAdministration | undefined> {
    const { homeserverUrl, adminToken, token, registrar } = access;
    const http =
      adminToken === undefined
        ? new AccountHttp(homeserverUrl, token, registrar)
        : new AccountHttp(homeserverUrl, adminToken);
    const refusal = await patiently(() => refusalOf(http));
    if (refusal === undefined) return new ServerAdministration(http);
    if (adminToken === undefined) return undefined;
    throw new RogatoryError(
      "administration.refused",
      `The homeserver does not take homeserver.adminTokenFile for the token of a server administrator (${refusal.errcode}), or a proxy before it keeps ${adminApi} closed: put a valid one into it, let homeserver.url lead past the proxy, or remove the setting to shred without purging.`,
      { cause: refusal },
    );
  }

  /**
   * Takes everybody of this homeserver out of a room, blocks it and removes all its events. A purge
   * that an interrupted attempt has begun is waited for.
   *
   * @returns false if the homeserver does not know the room, and not by a purge of ours
   * @throws RogatoryError `administration.purge-failed`
   */
  async purgeRoom(roomId: RoomId): Promise<boolean> {
    const until = performance.now() + patienceMs;
    for (let asked = false; performance.now() < until; await delay(pollMs)) {
      const purges = await this.#purgesOf(roomId);
      if (purges.some((status) => status === "active" || status === "scheduled")) continue;
      if (!(await this.#hasRoom(roomId))) return purges.includes("complete");
      if (asked) break;
      await this.#http.json("DELETE", path`/_synapse/admin/v2/rooms/${roomId}`, Nothing, {
        body: { block: true, purge: true, force_purge: true },
      });
      asked = true;
    }
    throw new RogatoryError(
      "administration.purge-failed",
      "The homeserver could not purge a room: look into its log, then repeat the command.",
    );
  }

  /** How the room's purges stand, as far as the homeserver remembers them. */
  async #purgesOf(roomId: RoomId): Promise<readonly string[]> {
    const answer = await unlessGone(() =>
      this.#http.json("GET", path`/_synapse/admin/v2/rooms/${roomId}/delete_status`, Deletions),
    );
    return answer?.results.map(({ status }) => status) ?? [];
  }

  /** Deletes an uploaded file; false if the homeserver does not have it any more. */
  async deleteMedia(uri: string): Promise<boolean> {
    const [server = "", mediaId = ""] = uri.slice("mxc://".length).split("/");
    const answer = await unlessGone(() =>
      this.#http.json("DELETE", path`/_synapse/admin/v1/media/${server}/${mediaId}`, Nothing),
    );
    return answer !== undefined;
  }

  async #hasRoom(roomId: RoomId): Promise<boolean> {
    const answer = await unlessGone(() =>
      this.#http.json("GET", path`/_synapse/admin/v1/rooms/${roomId}`, Nothing),
    );
    return answer !== undefined;
  }
}

/**
 * Why the admin API is not ours to use; undefined if it is. That is not known from a homeserver that is
 * only busy or unwell.
 */
async function refusalOf(http: AccountHttp): Promise<HomeserverError | undefined> {
  const ask = async () => {
    try {
      await http.json("GET", `${adminApi}/v1/rooms`, Nothing, { query: { limit: "1" } });
      return undefined;
    } catch (error) {
      if (error instanceof HomeserverError && [401, 403, 404].includes(error.status)) return error;
      throw error;
    }
  };
  const refusal = await ask();
  if (refusal === undefined || !refusal.isPassing) return refusal;
  // A proxy has answered: during an update, or because it keeps the API closed. Then it passes on the rest.
  await http.json("GET", "/_matrix/client/versions", Nothing);
  return ask();
}

/** Undefined for what Synapse itself does not have; anybody may answer 404 in its place, as during an update. */
async function unlessGone<T>(request: () => Promise<T>): Promise<T | undefined> {
  try {
    return await patiently(request);
  } catch (error) {
    const isGone = error instanceof HomeserverError && error.status === 404;
    if (isGone && error.errcode === "M_NOT_FOUND") return undefined;
    throw error;
  }
}
