import { describe, expect, it } from "vitest";
import { parseInvitation } from "../../../src/domain/meeting/invitation.ts";
import { checkMeetingPeriod, MeetingDetails } from "../../../src/domain/meeting/meeting.ts";

const bucharest = {
  zone: "Europe/Bucharest",
  reference: Temporal.Instant.from("2026-12-01T08:15:00Z"),
};

describe("an invitation as people type it", () => {
  it("keeps kind, title and venue apart", () => {
    expect(
      parseInvitation(
        "level2: Fri 10:00 for 1h, choose a venue for the CM, venue: The Hague",
        bucharest,
        "cm",
      ),
    ).toMatchObject({ kind: "level2", title: "choose a venue for the CM", venue: "The Hague" });
  });

  it("takes the usual kind and its name where neither is said", () => {
    expect(parseInvitation("Fri 10:00", bucharest, "cm")).toMatchObject({
      kind: "cm",
      title: "Coordination meeting",
      venue: undefined,
    });
  });
});

describe("the period of a meeting", () => {
  const start = Temporal.ZonedDateTime.from("2026-12-15T09:30[Europe/Amsterdam]");

  it("must lie ahead of the message, not of its handling", () => {
    expect(() =>
      checkMeetingPeriod(start, undefined, start.subtract({ minutes: 1 }).toInstant()),
    ).not.toThrow();
    expect(() => checkMeetingPeriod(start, undefined, start.toInstant())).toThrow(/in the past/);
  });

  it("is stored as wall-clock time of its zone and read back the same", () => {
    const details = {
      kind: "cm",
      title: "x",
      start,
      end: start.add({ hours: 2 }),
      status: "scheduled",
    };
    const read = MeetingDetails.parse(JSON.parse(JSON.stringify(details)));
    expect(read.start.toString()).toBe("2026-12-15T09:30:00+01:00[Europe/Amsterdam]");
    expect(read.end?.equals(start.add({ hours: 2 }))).toBe(true);
  });

  it("keeps its wall-clock time if the zone's rules change after it was stored", () => {
    const stored = {
      kind: "cm",
      title: "x",
      start: "2026-12-15T09:30:00+02:00[Europe/Amsterdam]",
      status: "scheduled",
    };
    expect(MeetingDetails.parse(stored).start.toString()).toBe(
      "2026-12-15T09:30:00+01:00[Europe/Amsterdam]",
    );
  });
});
