import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { instrumentCatalogue } from "../../src/config/instruments.ts";
import { parseActionLine } from "../../src/domain/action/line.ts";
import { parseInvitation } from "../../src/domain/meeting/invitation.ts";
import { parseRequestLine } from "../../src/domain/request/line.ts";

const bucharest = {
  zone: "Europe/Bucharest",
  reference: Temporal.Instant.from("2026-12-01T08:15:00Z"),
};

const parsers: Readonly<Record<string, (said: string) => unknown>> = {
  invitation: (said) => parseInvitation(said, bucharest, "cm"),
  "action item": (said) => parseActionLine(said, bucharest),
  request: (said) => parseRequestLine(said, instrumentCatalogue()),
};

const words = fc.constantFrom(
  ...'cm jit @RO @ by due until for 2h 90 min 0 1h30 15 31/02/2027 15/12/2026 12/31/2026 2026-12-15 09:30 25:00 9 at on from to – - , : ( ) Fri Mon next week tomorrow day after the in 2 hours ago now December Feb 29 2027 Europe/Amsterdam Europe/Nowhere UTC CET get " “ ” venue: EIO EPOC-PR BE the Netherlands DK , and: 02:30 28 March'.split(
    " ",
  ),
);
const typed = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 80 }),
  fc.array(words, { maxLength: 14 }).map((list) => list.join(" ")),
  fc.array(words, { maxLength: 14 }).map((list) => list.join("")),
);

describe.each(Object.entries(parsers))("anything typed as %s", (_, parse) => {
  it("is read, or refused with a sentence, and never fails otherwise", () => {
    fc.assert(
      fc.property(typed, (said) => {
        try {
          parse(said);
        } catch (error) {
          expect(error, said).toMatchObject({ name: "RogatoryError" });
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each(["by ", "15 December 2026 at 09:30 ", "for 1 ", "a", "EIO to ", '"', "1/", "( "])(
    "is answered fast when it is “%s” for a whole message",
    (part) => {
      const started = performance.now();
      try {
        parse(part.repeat(60_000 / part.length));
      } catch (error) {
        expect(error).toMatchObject({ name: "RogatoryError" });
      }
      expect(performance.now() - started).toBeLessThan(2000);
    },
  );
});
