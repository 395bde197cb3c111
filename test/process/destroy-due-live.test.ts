import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { findCaseByName } from "../../src/db/repositories/cases.ts";
import { findShredding } from "../../src/db/repositories/shreddings.ts";
import type { Person } from "../../src/dev/people/person.ts";
import type { RoomId } from "../../src/domain/ids.ts";
import { destroyDue } from "../../src/process/destroy-due.ts";
import { finishShreddings } from "../../src/process/finish-shreddings.ts";
import { type LiveCase, openLiveCase } from "../support/live-case.ts";

const patience = 60_000;

describe("the end of a case on a real homeserver", () => {
  let live: LiveCase;
  let leader: Person;
  let second: Person;
  let coordination: RoomId;
  let code: string;

  beforeAll(async () => {
    live = await openLiveCase({
      others: ["{ localpart: second, function: Prosecutor, state: RS, role: leader }"],
      far: ["second"],
    });
    leader = await live.person("leader");
    second = await live.person("second");
    for (const [person, members] of [[leader, 4] as const, [second, undefined] as const]) {
      const room = await person.roomByName("coordination", { members, timeout: patience });
      coordination = room.roomId;
      await person.roomByName("leaders", { members, timeout: patience });
    }
    code = (await live.ask["case.list"]({}))[0]?.code ?? "";
  }, 300_000);
  afterAll(() => live.close());

  async function ask(person: Person, text: string): Promise<string> {
    return (await person.replyTo(await person.say(coordination, text), patience)).body;
  }

  it("is decided by two leaders, who are given what may be kept", async () => {
    await ask(leader, "!action add @leader hidden parcel by Friday");
    expect(await ask(leader, "!case close")).toContain("!case confirm 1");
    expect(await ask(second, "!case confirm 1")).toContain("is now closed");
    const file = await leader.firstMessage(
      ({ file, body }) => file !== undefined && body.endsWith(".md"),
      "the export",
      patience,
    );
    const text = Buffer.from(await leader.downloadFile(file)).toString();
    expect(text).toContain("HERON");
    expect(text).not.toContain("hidden");
    expect(await ask(leader, "!action add @leader more by Friday")).toContain("is closed");
  }, 120_000);

  it("takes everybody out of all rooms when the time for goodbyes is over", async () => {
    // The time has passed: nobody waits five minutes here.
    await live.db
      .updateTable("timer")
      .set({ due_at: Temporal.Now.instant().subtract({ minutes: 1 }).toString() })
      .where("kind", "=", "case.empty")
      .execute();
    live.tick();
    for (const person of [leader, second]) {
      await expect.poll(() => person.rooms().length, { timeout: patience, interval: 250 }).toBe(0);
    }
  }, 120_000);

  it("purges the rooms when operational data is due, and keeps the rest and the bots' identity", async () => {
    const { config, db, vault } = live;
    await live
      .administrator("near")
      .json(
        "PUT",
        `/_synapse/admin/v2/users/${encodeURIComponent(config.bots.registrar)}`,
        z.object({}),
        { body: { admin: true } },
      );
    await live.stopBots();
    const later = Temporal.Now.instant().add({ hours: 30 * 24 });
    const environment = { config, db, vault, now: () => later };
    expect(await destroyDue(environment)).toEqual([{ code, class: "operational" }]);
    await finishShreddings(environment);
    const open = await findCaseByName(db, vault, "HERON");
    if (open === undefined) throw new Error("the case is gone");
    const record = await findShredding(db, vault, open.case.id);
    expect(record).toMatchObject({ keyDestroyed: false, completedAt: later.toString() });
    expect(record?.rooms).toContainEqual({ roomId: coordination, outcome: "purged" });
    expect(new Set(record?.media.map(({ outcome }) => outcome))).toEqual(new Set(["deleted"]));
    expect(record?.media.length).toBeGreaterThanOrEqual(2);
    expect(record?.devices.every(({ present }) => present !== undefined)).toBe(true);
    const certified = await live.ask["case.certificate"]({ case: code });
    expect(certified.completed).toBe(true);
    expect(certified.markdown).toContain("purged with all its events");
    expect(certified.markdown).toContain(
      `**The homeserver ${live.far?.homeserver.serverName} and its backups.**`,
    );

    await live.startBots();
    const otherCode = await live.openCase(
      "template: jit\nname: STORK\ntimeZone: Europe/Brussels\nroster:\n  - { localpart: leader, function: Prosecutor, state: BE, role: leader }\n",
    );
    const { roomId } = await leader.roomByName(`${otherCode} · coordination`, {
      ...{ members: 3, timeout: patience },
    });
    const asked = await leader.say(roomId, "!help");
    expect((await leader.replyTo(asked, patience)).body).toContain("Commands you can use");
  }, 180_000);
});
