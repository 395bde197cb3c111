import type { ShreddingRecord } from "../../db/repositories/shreddings.ts";

/** One record of a case: what was destroyed of it before, and what is destroyed now. */
export function mergeRecords(
  before: ShreddingRecord | undefined,
  now: ShreddingRecord,
): ShreddingRecord {
  if (before === undefined) return now;
  const { completedAt: _completed, homeservers: _homeservers, ...rest } = now;
  const rows: Record<string, number> = { ...before.rows };
  for (const [table, count] of Object.entries(now.rows)) rows[table] = (rows[table] ?? 0) + count;
  // What an older record does not say stays unsaid.
  const homeservers =
    before.homeservers && now.homeservers
      ? [...new Set([...before.homeservers, ...now.homeservers])].toSorted()
      : undefined;
  const classes = [...(before.classes ?? []), ...(now.classes ?? [])];
  return {
    ...rest,
    rows,
    // A conversation that went on once may have ended now.
    rooms: [
      ...before.rooms.filter(({ roomId }) => now.rooms.every((room) => room.roomId !== roomId)),
      ...now.rooms,
    ],
    media: [
      ...before.media,
      ...now.media.filter(({ uri }) => before.media.every((known) => known.uri !== uri)),
    ],
    devices: [...before.devices, ...now.devices],
    ...(homeservers === undefined ? {} : { homeservers }),
    ...(classes.length === 0 ? {} : { classes }),
  };
}

/** The tables in which rows were deleted or written anew. */
export function tablesOf({ rows }: Pick<ShreddingRecord, "rows">): readonly string[] {
  // A count may say more than the table, as in "request (texts)".
  return [...new Set(Object.keys(rows).map((name) => name.split(" ")[0] ?? name))];
}
