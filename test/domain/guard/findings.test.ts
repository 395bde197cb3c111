import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Finding,
  findDrift,
  type RoomExpectation,
  type RoomFacts,
} from "../../../src/domain/guard/findings.ts";
import { keptContent, type StateFact } from "../../../src/domain/guard/room-state.ts";
import { UserId } from "../../../src/domain/ids.ts";

const id = (name: string) => UserId.parse(`@${name}:x`);

const expected: RoomExpectation = {
  state: [
    { type: "m.room.encryption", content: { algorithm: "m.megolm.v1.aes-sha2" } },
    { type: "m.room.history_visibility", content: { history_visibility: "joined" } },
    { type: "m.room.guest_access", content: { guest_access: "forbidden" } },
    { type: "m.room.join_rules", content: { join_rule: "invite" } },
    { type: "m.room.name", content: { name: "JIT-0001 · coordination" } },
    {
      type: "m.room.power_levels",
      content: { state_default: 100, users_default: 0, events: { a: 1 }, users: { "@lead:x": 50 } },
    },
  ],
  seated: new Set([id("lead"), id("member")]),
  roster: new Set([id("lead"), id("member"), id("observer")]),
  barred: new Set([id("gone")]),
  bots: new Set([id("registrar"), id("clerk"), id("scribe")]),
  placedBots: new Set([id("registrar"), id("clerk")]),
};

function fact(type: string, content: Record<string, unknown>, stateKey = ""): StateFact {
  const kept = keptContent(type, content);
  return { type, stateKey, content: kept, sender: "@who:x", eventId: `$${type}${stateKey}` };
}

const asMade = expected.state.map(({ type, content }) => fact(type, { ...content }));

function found(
  state: readonly StateFact[] = [],
  rest: Partial<Omit<RoomFacts, "state">> = {},
): readonly Finding[] {
  const changed = new Set(state.map(({ type }) => type));
  return findDrift(expected, {
    state: [...asMade.filter(({ type }) => !changed.has(type)), ...state],
    members: [],
    unsignedDevices: new Map(),
    ...rest,
  });
}

describe("the drift of a room", () => {
  it("is none in a room as it was made, whatever the homeserver adds to its powers", () => {
    expect(found()).toEqual([]);
    const powers = {
      ...{ users: { "@lead:x": 50, "@member:x": 0 }, users_default: 0, historical: 100 },
      ...{ events: { a: 1 }, state_default: 100 },
    };
    expect(found([fact("m.room.power_levels", powers)])).toEqual([]);
    expect(found([fact("m.room.topic", { topic: "" })])).toEqual([]);
    expect(found([fact("m.widget", {}, "w")])).toEqual([]);
  });

  it.each([
    ["encryption", "m.room.encryption", { algorithm: "none" }],
    [
      "encryption",
      "m.room.encryption",
      { algorithm: "m.megolm.v1.aes-sha2", rotation_period_ms: 9 },
    ],
    ["history-visibility", "m.room.history_visibility", { history_visibility: "world_readable" }],
    ["guest-access", "m.room.guest_access", { guest_access: "can_join" }],
    ["join-rule", "m.room.join_rules", { join_rule: "public" }],
    ["name", "m.room.name", { name: "Operation HERON" }],
    ["topic", "m.room.topic", { topic: "HERON" }],
    ["powers", "m.room.power_levels", { users: { "@lead:x": 100 } }],
  ])("is found and put right: %s", (kind, type, content) => {
    const [finding, ...others] = found([fact(type, content)]);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ kind, evidence: `$${type}`, sender: "@who:x" });
    const wanted = expected.state.find((state) => state.type === type)?.content ?? { topic: "" };
    expect(finding?.remedy).toEqual({ kind: "set-state", type, content: wanted });
  });

  it("is found where a state event is missing", () => {
    const drift = findDrift(expected, { state: [], members: [], unsignedDevices: new Map() });
    expect(drift.map(({ kind, evidence }) => `${kind}${evidence}`)).toEqual([
      ...["encryption", "history-visibility", "guest-access", "join-rule", "name", "powers"],
    ]);
  });

  it("is a widget, an integration or a bridge of any kind", () => {
    const types = ["m.widget", "im.vector.modular.widgets", "m.bridge", "uk.half-shot.bridge"];
    const drift = found(types.map((type) => fact(type, { url: "https://x.example" }, "k")));
    expect(drift.map(({ subject }) => subject)).toEqual(types.map((type) => `${type} k`));
    expect(drift.every(({ remedy }) => remedy.kind === "remove")).toBe(true);
  });

  it("is who has no seat; only who was taken out before is taken out again", () => {
    const join = (name: string, membership = "join") => ({ userId: id(name), membership });
    const members = [
      ...[join("lead"), join("clerk"), join("observer"), join("stranger", "invite"), join("gone")],
      ...[join("left", "leave"), join("banned", "ban")],
    ];
    expect(
      found([], { members }).map(
        ({ kind, subject, remedy }) => `${kind} ${subject} ${remedy.kind}`,
      ),
    ).toEqual(["no-seat @observer:x tell", "stranger @stranger:x tell", "barred @gone:x kick"]);
  });

  it("lets a bot leave where it has nothing to do", () => {
    const members = ["clerk", "scribe"].map((name) => ({ userId: id(name), membership: "join" }));
    expect(found([], { members })).toMatchObject([
      { kind: "bot", subject: "@scribe:x", remedy: { kind: "leave", userId: "@scribe:x" } },
    ]);
  });

  it("tells of whoever has a seat and was taken out by a person, and brings nobody back", () => {
    const out = (name: string, membership: string, sender?: string) => ({
      ...{ userId: id(name), membership },
      sender: sender === undefined ? undefined : id(sender),
    });
    const kinds = (...members: readonly ReturnType<typeof out>[]) =>
      found([], { members }).map(({ kind, sender, remedy }) => `${kind} ${sender} ${remedy.kind}`);
    expect(kinds(out("member", "leave", "lead"))).toEqual(["taken-out @lead:x tell"]);
    expect(kinds(out("member", "ban", "lead"))).toEqual(["taken-out @lead:x tell"]);
    expect(kinds(out("member", "ban"))).toEqual(["taken-out undefined tell"]);
    // Whoever leaves by themselves, whom a command has taken out, and who has no seat.
    expect(kinds(out("member", "leave", "member"), out("lead", "leave", "registrar"))).toEqual([]);
    expect(kinds(out("member", "leave"), out("observer", "ban", "lead"))).toEqual([]);
  });

  it("is a device that its owner has not signed, of people and not of bots", () => {
    const unsignedDevices = new Map([
      [id("lead"), ["B", "A"]],
      [id("member"), []],
      [id("clerk"), ["C"]],
    ]);
    expect(found([], { unsignedDevices })).toMatchObject([
      { kind: "unsigned-device", subject: "@lead:x", evidence: "A B", remedy: { kind: "tell" } },
    ]);
  });

  it("is nothing else in a room that was replaced", () => {
    const drift = found([
      fact("m.room.tombstone", { replacement_room: "!new" }),
      fact("m.room.topic", { topic: "x" }),
    ]);
    expect(drift).toMatchObject([
      { kind: "replaced", subject: "!new", remedy: { kind: "follow", replacement: "!new" } },
    ]);
    expect(found([fact("m.room.tombstone", {})])).toEqual([]);
  });

  it("is gone once every remedy was carried out, whatever somebody has written", () => {
    const types = [...expected.state.map(({ type }) => type), "m.room.topic", "m.widget"];
    const change = fc.record({
      type: fc.constantFrom(...types),
      content: fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 1 })),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 8 }), (changes) => {
        const state = new Map(asMade.map((one) => [`${one.type} `, one]));
        for (const { type, content } of changes) {
          const key = type === "m.widget" ? "w" : "";
          state.set(`${type} ${key}`, fact(type, content, key));
        }
        const look = () =>
          findDrift(expected, {
            state: [...state.values()],
            members: [],
            unsignedDevices: new Map(),
          });
        for (const { remedy } of look()) {
          if (remedy.kind === "set-state") {
            state.set(`${remedy.type} `, fact(remedy.type, { ...remedy.content }));
          } else if (remedy.kind === "remove") {
            state.set(`${remedy.type} ${remedy.stateKey}`, fact(remedy.type, {}, remedy.stateKey));
          }
        }
        expect(look()).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

describe("what is kept of names and topics", () => {
  it("is a digest, which tells texts apart and says none of them", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4 }), fc.string({ minLength: 4 }), (one, other) => {
        const kept = keptContent("m.room.topic", { topic: one });
        expect(JSON.stringify(kept)).toMatch(/^\{"digest":"[0-9a-f]{64}"\}$/);
        const same = JSON.stringify(keptContent("m.room.topic", { topic: other }));
        expect(JSON.stringify(kept) === same).toBe(one === other);
      }),
    );
  });
});
