import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Person } from "../../../src/domain/case/person.ts";
import { findMember, lastLeader, readUserId } from "../../../src/domain/case/roster.ts";
import { hasSeat, statePair } from "../../../src/domain/case/seats.ts";
import { CaseId, newId, PersonId, UserId } from "../../../src/domain/ids.ts";
import { StateCode } from "../../../src/domain/request/states.ts";

const caseId = newId(CaseId);
const leads = (role: string) => role === "leader";

function person(userId: string, role = "member", state = "RO"): Person {
  const profile = { function: "Prosecutor", state, role, languages: [], timeZone: "Europe/Paris" };
  return { id: newId(PersonId), caseId, userId: UserId.parse(userId), profile };
}

describe("whom somebody means", () => {
  const roster = [person("@anna:a.example"), person("@bela:a.example"), person("@bela:b.example")];

  it("is found by Matrix id, by a link of a client, and by an unambiguous first part", () => {
    expect(findMember("@anna:a.example", roster)).toBe(roster[0]);
    expect(findMember("https://matrix.to/#/%40anna%3Aa.example", roster)).toBe(roster[0]);
    expect(findMember("@ANNA", roster)).toBe(roster[0]);
    expect(() => findMember("@bela", roster)).toThrow("is not on the roster");
    expect(() => findMember("@ana", roster)).toThrow("Did you mean @anna?");
  });

  it("is never found wrongly, whatever was typed", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const read = readUserId(text);
        return read === undefined || UserId.safeParse(read).success;
      }),
    );
  });
});

describe("the last leader of a State", () => {
  const first = person("@a:x", "leader");

  it("is the one beside whom nobody else of the State leads", () => {
    expect(
      lastLeader(first, [first, person("@b:x"), person("@c:x", "leader", "BE")], leads),
    ).toContain("last leader of RO");
    expect(lastLeader(first, [first, person("@b:x", "leader")], leads)).toBeUndefined();
    expect(lastLeader(person("@d:x"), [first], leads)).toBeUndefined();
  });
});

describe("a seat in a room", () => {
  const codes = fc.constantFrom(...["RO", "BE", "NL", "LU"].map((code) => StateCode.parse(code)));

  it("of two States is given to their people only, whatever the order in which they are named", () => {
    fc.assert(
      fc.property(codes, codes, codes, (one, other, state) => {
        const seat = { roles: ["member"], pair: statePair(one, other) };
        expect(statePair(other, one)).toEqual(seat.pair);
        expect(hasSeat(seat, { role: "member", state })).toBe(state === one || state === other);
        expect(hasSeat(seat, { role: "observer", state })).toBe(false);
        expect(hasSeat(seat, { role: "member" })).toBe(false);
      }),
    );
  });
});
