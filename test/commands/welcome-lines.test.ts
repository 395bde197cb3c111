import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recognise } from "../../src/commands/dispatch.ts";
import { loadCommands } from "../../src/commands/registry.ts";
import { roomTemplate, roomTemplateNames } from "../../src/config/room-template.ts";
import { insertCaseRoom, listCaseRooms } from "../../src/db/repositories/cases.ts";
import { runInRoom } from "../../src/delivery/router.ts";
import { renderText } from "../../src/documents/message/render.ts";
import { CaseRoomId, EventId, newId, RoomId, UserId } from "../../src/domain/ids.ts";
import { type CaseHarness, caseOf, harnessBots, openCaseHarness } from "../support/case-harness.ts";

const now = Temporal.Instant.from("2026-12-01T08:00:00Z");
const workshop = {
  ...{ ordinal: 4, title: "the Focus Group", organisation: "EUROJUST", place: "The Hague" },
  ...{ from: "2026-12-01", to: "2026-12-02" },
};

describe.each(roomTemplateNames())("the lines that %s suggests in its welcomes", (name) => {
  const template = roomTemplate(name);
  const roles = Object.keys(template.roles);
  let harness: CaseHarness;

  beforeAll(async () => {
    const section = { code: "s1", title: "Session 1", room: true };
    harness = await openCaseHarness({
      template: name,
      profile: {
        ...{ name: "HERON", timeZone: "Europe/Brussels" },
        ...(template.rooms.some(({ per }) => per === "section")
          ? { agenda: [section], reportTemplate: "focus-group", meeting: workshop }
          : {}),
      },
      people: roles.map((role) => ({
        ...{ localpart: role, function: role, state: "BE", role, timeZone: "Europe/Brussels" },
      })),
      now: now.toString(),
    });
    const pair = template.rooms.find(({ per }) => per === "pair");
    if (pair === undefined) return;
    await harness.db.transaction().execute((transaction) =>
      insertCaseRoom(transaction, {
        ...{ id: newId(CaseRoomId), caseId: harness.caseId, kind: pair.kind, section: undefined },
        ...{ label: "b1", roomId: RoomId.parse("!b1"), position: 9, planKey: "9" },
      }),
    );
  });
  afterAll(() => harness.close());

  /** Types it as the router hears it. */
  async function type(role: string, kind: string, line: string): Promise<string> {
    const commands = await loadCommands();
    const addressed = recognise(commands, line);
    if (addressed === undefined) throw new Error(`${line} is no command`);
    const open = await caseOf(harness);
    return harness.db.transaction().execute(async (transaction) => {
      const room = (await listCaseRooms(transaction, harness.caseId)).find(
        (known) => known.kind === kind,
      );
      if (room?.roomId === undefined) throw new Error(`there is no room ${kind}`);
      const options = {
        ...{ vault: harness.vault, commands, accounts: harnessBots, requireSignedDevices: true },
        ...{ now: () => now, at: () => now },
      };
      const event = {
        event_id: EventId.parse("$event"),
        room_id: room.roomId,
        sender: UserId.parse(`@${role}:rogatory.localhost`),
        ...{ type: "m.room.message", content: {}, origin_server_ts: now.epochMilliseconds },
      };
      return renderText(
        await runInRoom(
          transaction,
          options,
          { addressed, event, open, room, template },
          { answeredIn: room },
        ),
      );
    });
  }

  const cases = template.rooms.flatMap(({ kind, roles: seated, speak = 0, welcome }) =>
    roles
      .filter((role) => seated === "all" || seated.includes(role))
      .filter((role) => (template.roles[role]?.power ?? 0) >= speak)
      .flatMap((role) => (welcome?.try ?? []).map((line) => ({ role, kind, line }))),
  );

  it.each([undefined, "all"])("are done for everybody who reads them, state %s", async (state) => {
    const stored = state === undefined ? null : stateThatAllowsAll();
    await harness.db.updateTable("case_file").set({ state: stored }).execute();
    expect(cases.length).toBeGreaterThan(0);
    for (const { role, kind, line } of cases) {
      // What is refused, or not understood, throws.
      const answered = await type(role, kind, line);
      expect(answered, `${role}: ${line} in ${kind}`).not.toMatch(
        /does not work in this room|is not used in this kind of case|There is no command/,
      );
    }
  });

  function stateThatAllowsAll(): string | null {
    const { states } = template.life;
    return Object.keys(states).find((one) => states[one]?.allows === "all") ?? null;
  }

  it("are five, but for rooms of which the template says why", () => {
    const fewer = template.rooms
      .filter(({ kind, welcome }) => kind !== "space" && welcome?.try.length !== 5)
      .map(({ kind }) => kind);
    expect(fewer).toEqual({ jit: ["notices"], "focus-group": ["session"] }[name]);
  });
});
