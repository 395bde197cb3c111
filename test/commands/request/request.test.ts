import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CaseHarness } from "../../support/case-harness.ts";
import { openNightjar } from "../../support/nightjar-demo.ts";

let harness: CaseHarness;
beforeAll(async () => {
  harness = await openNightjar();
});
afterAll(() => harness.close());

function ask(who: string, body: string, room = "coordination"): Promise<string> {
  return harness.ask(`nightjar-${who}`, room, body);
}

describe("!request new", () => {
  it("drafts a request from the sender's State and says what it does not do", async () => {
    const answer = await ask("ro-pros", "!request new EIO to BE: bank statements");
    expect(answer).toContain("EIO-001 is drafted");
    expect(answer).toContain("transmit it through the official channel");
    expect(answer).toContain("Issuing State: Romania\nExecuting State: Belgium");
    expect(answer).toContain("Status: draft\nTime limits: not computed yet");
  });

  it("counts each instrument by itself", async () => {
    expect(await ask("ro-pros", "!request new frz to the Netherlands: a flat")).toContain(
      "FRZ-001",
    );
    expect(await ask("ro-police", "!request new eio to nl phone records")).toContain("EIO-002");
    expect(await ask("nl-pros", "!request new EPOC-PR to IE: two accounts")).toContain(
      "EPOC-PR-001",
    );
  });

  it("refuses what does not bind a State with what to use instead, and uses up no number", async () => {
    expect(await ask("ro-pros", "!request new EIO to DK: bank statements")).toMatch(
      /^Denmark is not bound by Directive 2014\/41\/EU: use a letter of request \(MLA\).*!request new MLA to DK/,
    );
    expect(await ask("rs-pros", "!request new EIO to BE: bank statements")).toMatch(
      /^Serbia is not a Member State.*use a letter of request \(MLA\).*ETS 30, 99 and 182.*not verified.*MLA to BE/,
    );
    expect(await ask("ro-pros", "!request new EIO to BE: hotel registers")).toContain("EIO-003");
  });

  it("asks for what is missing and names what was mistyped", async () => {
    expect(await ask("ro-pros", "!request new EOI to BE: x")).toContain("Did you mean EIO?");
    expect(await ask("ro-pros", "!request new EIO to Belguim: x")).toContain(
      "Did you mean Belgium?",
    );
    expect(await ask("ro-pros", "!request new EIO: x")).toContain("To which State?");
    expect(await ask("ro-pros", "!request new EIO to BE")).toMatch(
      /Say what is requested[\s\S]*Usage:/,
    );
    expect(await ask("ro-pros", "!request new EIO to RO: x")).toContain("Romania cannot be");
    expect(await ask("ej-ro", "!request new EIO to BE: x")).toContain("From which State?");
    expect(await ask("ej-ro", "!request new EIO to BE from RO: x")).toContain("EIO-004");
  });

  it("says from when a transfer of proceedings may be transmitted", async () => {
    const say = "!request new TCP to NL: the whole file";
    expect(await ask("ro-pros", say)).toContain(
      "transmitted from 1 February 2027: do not transmit",
    );
    harness.setNow("2027-02-01T08:00:00Z");
    expect(await ask("ro-pros", say)).not.toContain("do not transmit");
  });

  it("is denied to participants and observers", async () => {
    expect(await ask("europol", "!request new EIO to BE: x")).toMatch(/^Your role/);
    expect(await ask("md-obs", "!request new EIO to BE: x")).toMatch(/^Your role/);
  });
});

describe("!request list and show", () => {
  it("shows one by its number", async () => {
    expect(await ask("be-ij", "!request show eio-1")).toContain("Measure: bank statements");
    expect(await ask("be-ij", "!request show EIO-099")).toContain(
      "There is no request EIO-099 here",
    );
    expect(await ask("be-ij", "!request show 1")).toContain("it looks like EIO-001");
  });

  it("does not name in the room of all what the leaders drafted among themselves", async () => {
    expect(await ask("ro-pros", "!request new CNF to NL: the flat", "leaders")).toContain(
      "CNF-001",
    );
    expect(await ask("ro-pros", "!request list")).not.toContain("CNF-001");
    expect(await ask("ro-pros", "!request show CNF-001")).toContain("no request CNF-001 here");
    expect(await ask("ro-pros", "!request list", "leaders")).toContain("CNF-001");
  });

  it("is denied to observers", async () => {
    expect(await ask("md-obs", "!request list")).toMatch(/^Your role/);
    expect(await ask("md-obs", "!request show EIO-001")).toMatch(/^Your role/);
  });
});

describe("the rows of requests", () => {
  it("hold no word of what was said", async () => {
    const rows = await harness.db.selectFrom("request").selectAll().execute();
    expect(rows.length).toBeGreaterThan(5);
    expect(JSON.stringify(rows)).not.toMatch(/bank|flat|"BE"|"RO"/);
  });
});
