import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide, type FindingHistory } from "../../../src/domain/guard/decide.ts";
import type { Remedy } from "../../../src/domain/guard/findings.ts";
import { UserId } from "../../../src/domain/ids.ts";

const start = Temporal.Instant.from("2026-12-01T08:00:00Z");
const at = (minutes: number) => start.add({ minutes });
const setState: Remedy = { kind: "set-state", type: "m.room.topic", content: { topic: "" } };

function history(changes: Partial<FindingHistory> = {}): FindingHistory {
  return {
    ...{ since: start, endedAt: undefined, toldAt: undefined, repairedEvidence: undefined },
    ...{ repairedAt: undefined, repairedBefore: undefined },
    ...changes,
  };
}

const drift = (evidence: string) => ({ kind: "topic", evidence, remedy: setState }) as const;

describe("what the guard does about a finding", () => {
  it("is a repair at first, and patience while that is under way", () => {
    expect(decide(drift("$1"), undefined, start)).toEqual({ kind: "repair", tell: false });
    const repaired = history({ repairedEvidence: "$1", repairedAt: start });
    expect(decide(drift("$1"), repaired, at(5))).toEqual({ kind: "wait" });
    expect(decide(drift("$1"), repaired, at(10))).toEqual({ kind: "tell", why: "in-vain" });
    expect(decide(drift("$1"), repaired, at(1), true)).toEqual({ kind: "tell", why: "in-vain" });
    const told = { ...repaired, toldAt: at(10) };
    expect(decide(drift("$1"), told, at(70))).toEqual({ kind: "wait" });
  });

  it("is a word to people the third time, said once while it lasts", () => {
    const twice = history({
      ...{ endedAt: at(20), repairedEvidence: "$2", repairedAt: at(20), repairedBefore: start },
    });
    expect(decide(drift("$3"), twice, at(30))).toEqual({ kind: "tell", why: "again" });
    const told = { ...twice, since: at(30), endedAt: undefined, toldAt: at(30) };
    expect(decide(drift("$3"), told, at(40))).toEqual({ kind: "wait" });
    expect(decide(drift("$3"), told, at(61))).toEqual({ kind: "repair", tell: false });
  });

  it("is a word to people at once where nothing may be repaired, but for devices a little later", () => {
    const stranger = { kind: "stranger", evidence: "join", remedy: { kind: "tell" } } as const;
    expect(decide(stranger, undefined, start)).toEqual({ kind: "tell", why: "not-ours" });
    expect(decide(stranger, history({ toldAt: start }), at(600))).toEqual({ kind: "wait" });
    expect(decide(stranger, history({ toldAt: start, endedAt: at(1) }), at(2)).kind).toBe("tell");
    const device = { ...stranger, kind: "unsigned-device" } as const;
    expect(decide(device, undefined, start)).toEqual({ kind: "wait" });
    expect(decide(device, history(), at(9))).toEqual({ kind: "wait" });
    expect(decide(device, history(), at(10)).kind).toBe("tell");
  });

  it("is to take out, each time, who is in a room that nobody else lets people into, said once an hour", () => {
    const remedy: Remedy = { kind: "kick", userId: UserId.parse("@stranger:x") };
    const outsider = { kind: "outsider", evidence: "", remedy } as const;
    expect(decide(outsider, undefined, start)).toEqual({ kind: "repair", tell: true });
    const once = { endedAt: at(1), repairedEvidence: "", repairedAt: start, toldAt: start };
    expect(decide(outsider, history(once), at(59))).toEqual({ kind: "repair", tell: false });
    expect(decide(outsider, history(once), at(60))).toEqual({ kind: "repair", tell: true });
    const barred = { ...outsider, kind: "barred" } as const;
    expect(decide(barred, undefined, start)).toEqual({ kind: "repair", tell: false });
  });

  it("tells of a widget that it takes out", () => {
    const remedy = { kind: "remove", type: "m.widget", stateKey: "w" } as const;
    const widget = { kind: "integration", evidence: "$1", remedy } as const;
    expect(decide(widget, undefined, start)).toEqual({ kind: "repair", tell: true });
  });

  it("never repairs the same thing more than twice within an hour, however often it is changed", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 40 }), (pauses) => {
        let known: FindingHistory | undefined;
        let minute = 0;
        const repairs: number[] = [];
        for (const [index, pause] of pauses.entries()) {
          minute += pause;
          const decision = decide(drift(`$${index}`), known, at(minute));
          if (decision.kind !== "repair") continue;
          repairs.push(minute);
          // Repaired at once, so that the finding is over.
          known = history({
            ...{ endedAt: at(minute), repairedEvidence: `$${index}`, repairedAt: at(minute) },
            repairedBefore: known?.repairedAt,
          });
        }
        for (const [index, third] of repairs.entries()) {
          const first = repairs[index - 2];
          if (first !== undefined) expect(third - first).toBeGreaterThanOrEqual(60);
        }
      }),
    );
  });
});
