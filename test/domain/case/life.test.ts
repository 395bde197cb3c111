import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { roomTemplate } from "../../../src/config/room-template.ts";
import { Capability } from "../../../src/domain/case/capability.ts";
import {
  CaseLife,
  checkTransition,
  isAllowed,
  mayDraft,
  stateNameOf,
  stateOf,
  wayTo,
} from "../../../src/domain/case/life.ts";
import { InstrumentCode } from "../../../src/domain/request/instrument.ts";

const jit = roomTemplate("jit").life;
const focusGroup = roomTemplate("focus-group").life;
const code = (text: string) => InstrumentCode.parse(text);

/** Follows wishes from the beginning, as far as the rules let them; the answer is every state in turn. */
function follow(life: CaseLife, wishes: readonly string[]): readonly string[] {
  const walked = [stateNameOf(life, undefined)];
  for (const wish of wishes) {
    try {
      checkTransition(life, walked.at(-1) ?? "", wish);
      walked.push(wish);
    } catch {
      // Refused: the case stays where it is.
    }
  }
  return walked;
}

const wishesOf = (life: CaseLife) =>
  fc.array(fc.constantFrom(...Object.keys(life.states), "no-such-state"), { maxLength: 30 });

describe("the life of a JIT", () => {
  it("begins in negotiation", () => {
    expect(stateNameOf(jit, undefined)).toBe("negotiation");
    expect(stateNameOf(jit, "a state of an older template")).toBe("negotiation");
  });

  it("is operational, or was it, only after it was signed", () => {
    fc.assert(
      fc.property(wishesOf(jit), (wishes) => {
        const walked = follow(jit, wishes);
        const signed = walked.indexOf("signed");
        for (const later of ["operational", "post-operational"]) {
          const position = walked.indexOf(later);
          expect(position === -1 || (signed !== -1 && signed < position)).toBe(true);
        }
      }),
    );
  });

  it("never comes back from its end", () => {
    fc.assert(
      fc.property(wishesOf(jit), (wishes) => {
        const walked = follow(jit, wishes);
        const end = walked.indexOf("closed");
        expect(end === -1 || end === walked.length - 1).toBe(true);
      }),
    );
  });

  it("is not operational again once it was post-operational", () => {
    fc.assert(
      fc.property(wishesOf(jit), (wishes) => {
        const walked = follow(jit, wishes);
        const after = walked.slice(walked.indexOf("post-operational"));
        if (walked.includes("post-operational")) expect(after).not.toContain("operational");
      }),
    );
  });

  it("drafts no funding application before the signatures, and nothing else after the end of the JIT", () => {
    const drafted = (state: string) =>
      ["EIO", "MLA", "JITF"].filter((text) => mayDraft(stateOf(jit, state), code(text)));
    expect(drafted("negotiation")).toEqual(["EIO", "MLA"]);
    expect(drafted("signed")).toEqual(["EIO", "MLA", "JITF"]);
    expect(drafted("operational")).toEqual(["EIO", "MLA", "JITF"]);
    expect(drafted("post-operational")).toEqual(["JITF"]);
  });

  it("says on the way to a state what comes first", () => {
    expect(() => checkTransition(jit, "negotiation", "post-operational")).toThrow(
      "it becomes post-operational by !case state signed, then !case state post-operational",
    );
    expect(() => checkTransition(jit, "post-operational", "signed")).toThrow("any more");
    expect(() => checkTransition(jit, "signed", "signed")).toThrow("is signed already");
    expect(() => checkTransition(jit, "signed", "operationel")).toThrow(
      "Did you mean operational?",
    );
  });
});

describe("the life of a focus group", () => {
  it("adopts a report only of a meeting that was open and is closed, and never opens again after it", () => {
    fc.assert(
      fc.property(wishesOf(focusGroup), (wishes) => {
        const walked = follow(focusGroup, wishes);
        const adopted = walked.indexOf("report-adopted");
        if (adopted === -1) return;
        expect(walked.slice(0, adopted)).toContain("open");
        expect(walked[adopted - 1]).toBe("closed");
        expect(["report-adopted", "archived"]).toEqual(
          expect.arrayContaining(walked.slice(adopted)),
        );
      }),
    );
  });

  it("records takeaways while the meeting is open and until the report is adopted", () => {
    const recording = Object.entries(focusGroup.states)
      .filter(([, state]) => isAllowed(state, "takeaway.record"))
      .map(([name]) => name);
    expect(recording).toEqual(["open", "closed"]);
  });
});

describe.each(["jit", "focus-group"])("the states of %s", (name) => {
  const { life, roles } = roomTemplate(name);
  const leading = Object.values(roles).filter(({ leads }) => leads);

  it("come to an end from everywhere, and the end is decided by two", () => {
    for (const state of Object.keys(life.states)) {
      const isEnd = stateOf(life, state).final;
      expect(isEnd || wayTo(life, state, ({ final }) => final) !== undefined, state).toBe(true);
      if (isEnd) expect(stateOf(life, state).secondLeader).toBe(true);
    }
  });

  it("let leaders go on from every state but the end, in which nothing is changed any more", () => {
    for (const state of Object.values(life.states)) {
      expect(isAllowed(state, "case.manage")).toBe(!state.final);
      if (!state.final) continue;
      const changing = Capability.options.filter(
        (capability) => !/\.(read|list)$/.test(capability) && capability !== "report.draft",
      );
      expect(changing.filter((capability) => isAllowed(state, capability))).toEqual([]);
    }
    expect(leading.every(({ capabilities }) => capabilities.includes("case.manage"))).toBe(true);
  });
});

describe("the life in a room template", () => {
  const states = {
    one: { title: "one", next: ["two"], allows: "all" },
    two: { title: "two", allows: [], final: true },
  };

  it("may be left out", () => {
    expect(Object.keys(CaseLife.parse(undefined).states)).toEqual(["open", "closed"]);
  });

  it.each([
    [
      "a next state that does not exist",
      { states: { ...states, one: { ...states.one, next: ["x"] } } },
    ],
    ["no end", { states: { one: { ...states.one, next: ["one"] } } }],
    [
      "an end after which something follows",
      { states: { ...states, two: { ...states.two, next: ["one"] } } },
    ],
    ["a dead end", { states: { ...states, one: { ...states.one, next: [] } } }],
    [
      "a lapse into nowhere",
      { states, agreement: { alarmDays: [7], alarmTime: "09:00", lapseTo: "x" } },
    ],
    [
      "alarms at no time",
      { states, agreement: { alarmDays: [7], alarmTime: "9", lapseTo: "two" } },
    ],
    ["retention from nowhere", { states, retention: [{ class: "audit", from: "x" }] }],
  ])("is refused with %s", (_, life) => {
    expect(CaseLife.safeParse({ states }).success).toBe(true);
    expect(CaseLife.safeParse(life).success).toBe(false);
  });
});
