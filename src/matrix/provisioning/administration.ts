import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { RogatoryError } from "../../domain/errors.ts";
import type { RoomId, UserId } from "../../domain/ids.ts";
import { AccountHttp, HomeserverError, path } from "../http.ts";

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
    try {
      await http.json("GET", "/_synapse/admin/v1/rooms", Nothing, { query: { limit: "1" } });
      return new ServerAdministration(http);
    } catch (error) {
      // Whether it is one is not known from a homeserver that is only busy or unwell.
      const refused = error instanceof HomeserverError && [401, 403, 404].includes(error.status);
      if (!refused) throw error;
      if (adminToken === undefined) return undefined;
      throw new RogatoryError(
        "administration.refused",
        `The homeserver does not take homeserver.adminTokenFile for the token of a server administrator (${error.errcode}): put a valid one into it, or remove the setting to shred without purging.`,
        { cause: error },
      );
    }
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
    try {
      const { results } = await this.#http.json(
        "GET",
        path`/_synapse/admin/v2/rooms/${roomId}/delete_status`,
        Deletions,
      );
      return results.map(({ status }) => status);
    } catch (error) {
      if (error instanceof HomeserverError && error.status === 404) return [];
      throw error;
    }
  }

  /** Deletes an uploaded file; false if the homeserver does not have it any more. */
  async deleteMedia(uri: string): Promise<boolean> {
    const [server = "", mediaId = ""] = uri.slice("mxc://".length).split("/");
    return this.#exists(() =>
      this.#http.json("DELETE", path`/_synapse/admin/v1/media/${server}/${mediaId}`, Nothing),
    );
  }

  #hasRoom(roomId: RoomId): Promise<boolean> {
    return this.#exists(() =>
      this.#http.json("GET", path`/_synapse/admin/v1/rooms/${roomId}`, Nothing),
    );
  }

  async #exists(request: () => Promise<unknown>): Promise<boolean> {
    try {
      await request();
      return true;
    } catch (error) {
      if (error instanceof HomeserverError && error.status === 404) return false;
      throw error;
    }
  }
}
