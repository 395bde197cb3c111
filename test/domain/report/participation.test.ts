import { describe, expect, it } from "vitest";
import { reportRules } from "../../../src/config/report-template.ts";
import {
  countParticipation,
  formatParticipation,
} from "../../../src/domain/report/participation.ts";

const { template, union } = reportRules("focus-group");

function describeStates(states: readonly string[], day = "2025-09-24"): string {
  const count = countParticipation(states, Temporal.PlainDate.from(day), union);
  return formatParticipation(count, template.participation);
}

describe("participation", () => {
  it("counts each State once and uses the singular where it belongs", () => {
    expect(describeStates(["RO", "RO", "BE", "RS"])).toBe(
      "2 EU Member States and 1 non-EU country",
    );
    expect(describeStates(["RO"])).toBe("1 EU Member State");
    expect(describeStates(["NO", "CH"])).toBe("2 non-EU countries");
    expect(describeStates([])).toBe("[no delegations recorded]");
  });

  it("knows EL and UK, which EU texts use for Greece and the United Kingdom", () => {
    expect(describeStates(["EL", "GR", "UK"])).toBe("1 EU Member State and 1 non-EU country");
  });

  it("goes by membership on the day of the meeting", () => {
    expect(describeStates(["GB"], "2020-01-31")).toBe("1 EU Member State");
    expect(describeStates(["GB"], "2020-02-01")).toBe("1 non-EU country");
    expect(describeStates(["HR"], "2013-06-30")).toBe("1 non-EU country");
    const all = union.memberStates.map(({ code }) => code);
    expect(describeStates(all)).toBe("27 EU Member States and 1 non-EU country");
  });
});
