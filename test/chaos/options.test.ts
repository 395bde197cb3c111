import { describe, expect, it } from "vitest";
import { talkMinutes } from "../../src/dev/chaos/faults.ts";
import { readOptions } from "../../src/dev/chaos/options.ts";

describe("the options of a chaos run", () => {
  it("have everybody on one homeserver unless another one is to be away", () => {
    expect(readOptions([]).farOutage).toBe(0);
    expect(readOptions(["--far-outage", "10"]).farOutage).toBe(10);
  });

  it("let people talk on after the other homeserver is back", () => {
    expect(talkMinutes(readOptions(["--minutes", "5"]))).toBe(5);
    expect(talkMinutes(readOptions(["--minutes", "5", "--far-outage", "10"]))).toBe(12);
    expect(talkMinutes(readOptions(["--minutes", "30", "--far-outage", "10"]))).toBe(30);
  });

  it("are refused with the usage when they are none", () => {
    expect(() => readOptions(["--far-outage", "-1"])).toThrow(/Usage: npm run chaos/);
  });
});
