import { expect, vi } from "vitest";
import { z } from "zod";
import { RoomId } from "../../../src/domain/ids.ts";
import { type AccountHttp, path } from "../../../src/matrix/http.ts";

const Rooms = z.object({
  rooms: z.array(z.object({ room_id: RoomId, name: z.string().nullable() })),
});
const State = z.object({
  state: z.array(
    z.object({
      type: z.string(),
      state_key: z.string().default(""),
      content: z.record(z.string(), z.unknown()),
    }),
  ),
});

/** All rooms of a case, with their state, as the homeserver has them. */
export async function roomsOf(administrator: AccountHttp, code: string) {
  const listed = await administrator.json("GET", "/_synapse/admin/v1/rooms", Rooms, {
    query: { limit: "500" },
  });
  const rooms = listed.rooms.filter(({ name }) => name?.startsWith(code));
  return Promise.all(
    rooms.map(async ({ room_id: roomId, name }) => {
      const address = path`/_synapse/admin/v1/rooms/${roomId}/state`;
      const { state } = await administrator.json("GET", address, State);
      const members = state.flatMap(({ type, state_key: userId, content }) =>
        type === "m.room.member" ? [`${userId.split(":")[0]} ${content.membership}`] : [],
      );
      const get = (wanted: string) => state.find(({ type }) => type === wanted)?.content;
      return { roomId, name: name?.replace(`${code} · `, ""), members: members.sort(), get, state };
    }),
  );
}

/** The same, once the bots have accepted their invitations. */
export function settledRooms(administrator: AccountHttp, code: string, timeout: number) {
  return vi.waitFor(
    async () => {
      const rooms = await roomsOf(administrator, code);
      const late = rooms
        .flatMap(({ members }) => members)
        .filter((member) => /rogatory.*invite/.test(member));
      expect(late).toEqual([]);
      return rooms;
    },
    { timeout, interval: 500 },
  );
}
