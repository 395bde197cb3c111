/** The one clock. Everything that needs the present time is handed this, so that tests can move it. */
export interface Clock {
  now(): Temporal.Instant;
  /** The instant of something that a homeserver dated (milliseconds since 1970), on this clock. */
  at(originServerTs: number): Temporal.Instant;
}

export const systemClock: Clock = {
  now: () => Temporal.Now.instant(),
  at: (originServerTs) => Temporal.Instant.fromEpochMilliseconds(originServerTs),
};

/** A clock that shows `start` now and then runs on, for demonstrations: real events are moved along. */
export function clockStartingAt(start: Temporal.Instant): Clock {
  const shift = start.since(Temporal.Now.instant());
  return {
    now: () => Temporal.Now.instant().add(shift),
    at: (originServerTs) => Temporal.Instant.fromEpochMilliseconds(originServerTs).add(shift),
  };
}

/** The clock of a configuration. */
export function clockOf({ startAt }: { readonly startAt: Temporal.Instant | undefined }): Clock {
  return startAt === undefined ? systemClock : clockStartingAt(startAt);
}
