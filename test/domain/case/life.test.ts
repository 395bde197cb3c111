import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { instrumentCatalogue } from "../../../src/config/instruments.ts";
import { roomTemplate } from "../../../src/config/room-template.ts";
import { Capability } from "../../../src/domain/case/capability.ts";
import {
  CaseLife,
  checkTransition,
  isAllowed,
  isBinding,
  mayDraft,
  needsSecondLeader,
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

/**
 * What may be done in which state, said once more and independently of the room templates; the columns
 * are the states in their order, `x` is allowed. A new capability has to be added to both.
 */
const allowed: Readonly<
  Record<string, { readonly states: readonly string[]; readonly may: Record<Capability, string> }>
> = {
  jit: {
    states: ["negotiation", "signed", "operational", "post-operational", "closed"],
    may: {
      "action.add": "xxxx-",
      "action.complete": "xxxx-",
      "action.read": "xxxxx",
      "case.manage": "xxxx-",
      "case.read": "xxxxx",
      "help.read": "xxxxx",
      "meeting.read": "xxxxx",
      "meeting.schedule": "xxxx-",
      "member.manage": "xxxx-",
      "member.read": "xxxxx",
      // Which instruments, the table below says.
      "request.create": "xxxx-",
      "request.read": "xxxxx",
      // No role of a JIT has these.
      "report.draft": "xxxx-",
      "takeaway.list": "xxxx-",
      "takeaway.record": "xxxx-",
    },
  },
  "focus-group": {
    states: ["planned", "open", "closed", "report-adopted", "archived"],
    may: {
      "action.add": "xxxx-",
      "action.complete": "xxxx-",
      "action.read": "xxxxx",
      "case.manage": "xxxx-",
      "case.read": "xxxxx",
      "help.read": "xxxxx",
      "meeting.read": "xxxxx",
      "meeting.schedule": "xxxx-",
      "member.manage": "xxxx-",
      "member.read": "xxxxx",
      // Nothing is drafted of a meeting that has not begun.
      "report.draft": "-xxxx",
      // No role of a focus group has these.
      "request.create": "-xx--",
      "request.read": "-xx--",
      "takeaway.list": "xxxxx",
      "takeaway.record": "-xx--",
    },
  },
};

describe.each(Object.entries(allowed))("what the states of %s allow", (name, { states, may }) => {
  const { life } = roomTemplate(name);

  it("is what the table says, for each capability", () => {
    expect(Object.keys(life.states)).toEqual(states);
    const found = Capability.options.map((capability) => [
      capability,
      states.map((state) => (isAllowed(stateOf(life, state), capability) ? "x" : "-")).join(""),
    ]);
    expect(Object.fromEntries(found)).toEqual(may);
  });
});

describe("the instruments that are drafted in the states of a JIT", () => {
  const { instruments } = instrumentCatalogue();
  // A JIT applies for funding when all have signed, and can do so for what goes on after its end.
  const rows: Readonly<Record<string, string>> = { JITF: "-xxx-" };

  it.each(instruments.map((instrument) => instrument.code))(
    "are as the table says for %s",
    (one) => {
      const found = Object.values(jit.states).map((state) =>
        isAllowed(state, "request.create") && mayDraft(state, one) ? "x" : "-",
      );
      expect(found.join("")).toBe(rows[one] ?? "xxx--");
    },
  );
});

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

  it("has an agreement that is fixed when it is signed, and in force only when it is operational", () => {
    const standing = Object.values(jit.states).map(({ agreement }) => agreement);
    expect(standing).toEqual(["draft", "signed", "in-force", "over", "over"]);
    expect(Object.values(jit.states).map(isBinding)).toEqual([false, true, true, false, false]);
    expect(needsSecondLeader(jit, "signed", "negotiation")).toBe(true);
    expect(needsSecondLeader(jit, "signed", "operational")).toBe(false);
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
