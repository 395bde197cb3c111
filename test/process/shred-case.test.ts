import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { ensureAccount, readRecoveryKey } from "../../src/db/repositories/accounts.ts";
import { findCaseByName, listCaseRooms } from "../../src/db/repositories/cases.ts";
import { enqueueStep } from "../../src/db/repositories/outbox.ts";
import { homeserverFiles } from "../../src/dev/homeserver/configuration.ts";
import type { Person } from "../../src/dev/people/person.ts";
import { EventId, RoomId, UserId } from "../../src/domain/ids.ts";
import { AccountCrypto } from "../../src/matrix/crypto/crypto.ts";
import { AccountHttp } from "../../src/matrix/http.ts";
import { createSqlIndexedDb, installIndexedDb } from "../../src/matrix/indexeddb/index.ts";
import { readRegistration } from "../../src/matrix/provisioning/registration.ts";
import { shredIn } from "../../src/process/shred-case.ts";
import {
  certificateAsMarkdown,
  isCertificateSigned,
  type SignedCertificate,
} from "../../src/services/shredding/certificate.ts";
import { dump } from "../support/filled-database.ts";
import { type LiveCase, openLiveCase } from "../support/live-case.ts";

const otherCase = `
template: jit
name: STORK
timeZone: Europe/Brussels
roster:
  - { localpart: leader, function: Prosecutor, state: BE, role: leader }
`;

const secret = "the parcel is behind the sluice";
const Stored = z.object({
  event_id: EventId,
  room_id: RoomId,
  sender: UserId,
  type: z.string(),
  content: z.record(z.string(), z.unknown()),
  origin_server_ts: z.number(),
});

describe("shredding a case on a real homeserver", () => {
  let live: LiveCase;
  let leader: Person;
  /** On the second homeserver. */
  let distant: Person;
  let shreddedRoom: RoomId;
  let shreddedCode: string;
  let otherRoom: RoomId;
  let otherCode: string;
  let token: string;
  let administrator: AccountHttp;
  let certificate: SignedCertificate;
  let media: string;
  let wrappedKey: string;
  let messages: readonly z.infer<typeof Stored>[];
  let formerDevice: string;
  let formerRecoveryKey: string | undefined;

  const now = () => Temporal.Now.instant();
  const environment = () => ({ config: live.config, db: live.db, vault: live.vault, now });

  beforeAll(async () => {
    live = await openLiveCase({ far: ["member"] });
    const { config, db, vault } = live;
    token = (await readRegistration(config.homeserver.registrationFile)).as_token;
    administrator = live.administrator("near");
    leader = await live.person("leader");
    shreddedRoom = await live.coordination(leader);
    distant = await live.person("member");
    await live.coordination(distant);
    shreddedCode = (await live.ask["case.list"]({}))[0]?.code ?? "";
    otherCode = await live.openCase(otherCase);
    const name = `${otherCode} · coordination`;
    otherRoom = (await leader.roomByName(name)).roomId;

    for (const room of [shreddedRoom, otherRoom]) {
      const asked = await leader.say(room, `!action add ${secret} @leader`);
      await leader.replyTo(asked);
    }
    // A file that the clerk has uploaded for the case.
    const open = await findCaseByName(db, vault, shreddedCode);
    if (open === undefined) throw new Error("no case");
    await db.transaction().execute((transaction) =>
      enqueueStep(transaction, open.seal, now(), {
        account: config.bots.clerk,
        ...{ lane: shreddedRoom, caseId: open.case.id, cause: "test", slot: "file" },
        step: {
          kind: "send-file",
          room: { roomId: shreddedRoom },
          fileName: "minutes.txt",
          mimeType: "text/plain",
          bytesBase64: Buffer.from(secret).toString("base64"),
        },
      }),
    );
    await live.ask["command.run"]({ case: shreddedCode, line: "!action list", reason: "test" });
    const file = await leader.firstMessage(({ file }) => file !== undefined, "the file");
    media = file.file?.url ?? "";
    wrappedKey = (
      await db
        .selectFrom("case_file")
        .select("wrapped_key")
        .where("code", "=", shreddedCode)
        .executeTakeFirstOrThrow()
    ).wrapped_key;
    const inbox = await db.selectFrom("inbox").selectAll().orderBy("position").execute();
    messages = inbox
      .filter(({ account }) => account === config.bots.clerk)
      .map(({ event }) => Stored.parse(JSON.parse(event)));
    await live.stopBots();
    const account = await ensureAccount(db, vault, now(), config.bots.clerk);
    formerDevice = account.deviceId;
    formerRecoveryKey = await readRecoveryKey(db, vault, config.bots.clerk);
  }, 180_000);

  afterAll(async () => {
    await live.close();
  });

  it("goes on where it was interrupted, wherever that was", async () => {
    const { config } = live;
    // The registrar's account as server administrator: the application service's token is enough.
    await administrator.json(
      "PUT",
      `/_synapse/admin/v2/users/${encodeURIComponent(config.bots.registrar)}`,
      z.object({}),
      { body: { admin: true } },
    );
    const real = globalThis.fetch;
    let attempts = 0;
    for (let budget = 3; ; budget += 9) {
      attempts += 1;
      let left = budget;
      vi.stubGlobal("fetch", async (...request: Parameters<typeof fetch>) => {
        // People have their clients in this process, and are not disturbed.
        const authorization = new Headers(request[1]?.headers).get("authorization");
        if (authorization !== `Bearer ${token}`) return real(...request);
        left -= 1;
        if (left > 0) return real(...request);
        return new Response('{"errcode":"M_INTERRUPTED"}', { status: 400 });
      });
      try {
        const request = { name: shreddedCode, reason: "retention period over" };
        certificate = await shredIn(environment(), request);
        break;
      } catch (error) {
        expect(attempts, String(error)).toBeLessThan(60);
      } finally {
        vi.stubGlobal("fetch", real);
      }
    }
    expect(attempts).toBeGreaterThan(4);
  }, 300_000);

  it("certifies what was destroyed and what remains, with a signature", async () => {
    expect(certificate.case.code).toBe(shreddedCode);
    expect(certificate.destroyed.rows).toMatchObject({ action_item: 1, person: 2 });
    const outcomes = new Set(certificate.destroyed.rooms.map(({ outcome }) => outcome));
    expect(outcomes).toEqual(new Set(["purged"]));
    expect(certificate.destroyed.rooms).toContainEqual({ roomId: shreddedRoom, outcome: "purged" });
    // Interrupted after the deletion, the second attempt finds nothing to delete.
    const [file, ...others] = certificate.destroyed.files;
    expect(file?.uri).toBe(media);
    expect(["deleted", "gone"]).toContain(file?.outcome);
    expect(others).toEqual([]);
    expect(certificate.destroyed.devices.map(({ userId }) => userId)).toContain(
      live.config.bots.clerk,
    );
    const remains = certificate.remains.map(({ where }) => where);
    expect(remains).toContain("Members' devices");
    expect(remains).toContain(`The homeserver ${live.far?.homeserver.serverName} and its backups`);
    expect(isCertificateSigned(certificate)).toBe(true);
    expect(isCertificateSigned({ ...certificate, reason: "another" })).toBe(false);
    const markdown = certificateAsMarkdown(certificate);
    expect(markdown).toContain(shreddedCode);
    expect(JSON.stringify(certificate) + markdown).not.toContain("HERON");
  });

  it("gives the same certificate when it is asked for again", async () => {
    const again = await shredIn(environment(), { name: shreddedCode, reason: "again" });
    expect(again).toEqual(certificate);
  });

  it("leaves nothing in the database that opens the case, with the master key neither", async () => {
    const { db, vault } = live;
    const text = await dump(db);
    expect(text.includes(wrappedKey)).toBe(false);
    expect(text.includes(shreddedRoom.slice(1))).toBe(false);
    expect(await findCaseByName(db, vault, shreddedCode)).toBeUndefined();
    expect((await live.ask["case.list"]({})).map(({ code }) => code)).toEqual([otherCode]);
    expect(await live.ask["log.verify"]({})).toMatchObject({ findings: [] });
    const exported = await live.ask["log.export"]({ case: shreddedCode, reason: "audit" });
    const acts = exported.text
      .trimEnd()
      .split("\n")
      .map((line) =>
        z
          .object({ act: z.string().optional(), details: z.unknown().optional() })
          .parse(JSON.parse(line)),
      )
      .filter(({ act }) => act !== undefined);
    expect(acts.map(({ act }) => act)).toContain("case.shred");
    for (const { act, details } of acts) {
      const isOurs = act?.startsWith("case.shred") === true || act === "log.export";
      expect(details === null).toBe(!isOurs);
    }
  });

  it("takes people of other homeservers out of the rooms", async () => {
    await expect.poll(() => distant.rooms(), { timeout: 60_000, interval: 100 }).toEqual([]);
  });

  it("has the rooms and files gone from the homeserver", async () => {
    const { homeserver, config } = live;
    const directory = join(dirname(config.file), "homeserver");
    using synapse = new DatabaseSync(homeserverFiles(directory).database, { readOnly: true });
    for (const table of ["events", "event_json", "current_state_events"]) {
      const count = synapse
        .prepare(`select count(*) as count from ${table} where room_id = ?`)
        .get(shreddedRoom);
      expect(count, table).toEqual({ count: 0 });
    }
    const response = await fetch(
      `${homeserver.url}/_matrix/client/v1/media/download/${media.slice("mxc://".length)}`,
      { headers: { authorization: `Bearer ${live.accessTokenOf(leader)}` } },
    );
    expect(response.status).toBe(404);
  });

  it("keeps the keys of its messages neither in the crypto stores nor in the key backup", async () => {
    const { config, db, vault, homeserver } = live;
    const clerk = config.bots.clerk;
    const { deviceId, storeKey } = await ensureAccount(db, vault, now(), clerk);
    expect(deviceId).not.toBe(formerDevice);
    const recoveryKey = await readRecoveryKey(db, vault, clerk);
    expect(recoveryKey).not.toBe(formerRecoveryKey);
    const names = await db.selectFrom("account").select("user_id").execute();
    expect(names.length).toBeGreaterThan(0);
    expect((await dump(db)).includes(`${clerk}/${formerDevice}`)).toBe(false);

    const store = createSqlIndexedDb({ db, onFatal: () => {} });
    installIndexedDb(store.indexedDB);
    const account = { homeserverUrl: homeserver.url, token, userId: clerk, log: () => {} };
    const crypto = await AccountCrypto.open(
      { ...account, deviceId, storeKey },
      { read: async () => recoveryKey },
    );
    const rooms = new Set((await crypto.identity.exportRoomKeys()).map((key) => key.room_id));
    expect(rooms.has(shreddedRoom)).toBe(false);
    expect(rooms.has(otherRoom)).toBe(true);
    const results = new Map<string, string[]>();
    for (const message of messages) {
      const { kind } = await crypto.decrypt(message);
      results.set(message.room_id, [...(results.get(message.room_id) ?? []), kind]);
    }
    expect(new Set(results.get(shreddedRoom))).toEqual(new Set(["undecryptable"]));
    expect(new Set(results.get(otherRoom))).toEqual(new Set(["message"]));
    crypto.stop();
    await store.close();

    const http = new AccountHttp(homeserver.url, token, clerk, deviceId);
    const { version } = await http.json(
      "GET",
      "/_matrix/client/v3/room_keys/version",
      z.object({ version: z.string() }),
    );
    const backup = await http.json(
      "GET",
      "/_matrix/client/v3/room_keys/keys",
      z.object({ rooms: z.record(z.string(), z.unknown()) }),
      { query: { version } },
    );
    expect(Object.keys(backup.rooms)).not.toContain(shreddedRoom);
    const { devices } = await http.json(
      "GET",
      "/_matrix/client/v3/devices",
      z.object({ devices: z.array(z.object({ device_id: z.string() })) }),
    );
    expect(devices.map(({ device_id }) => device_id)).toEqual([deviceId]);
    expect(await AccountCrypto.judgeRecoveryKey(account, formerRecoveryKey)).toBe("does not open");
  });

  it("leaves the other cases as they were: their people are heard and answered", async () => {
    await live.startBots();
    const asked = await leader.say(otherRoom, "!action list");
    const reply = await leader.replyTo(asked);
    expect(reply.body).toContain(secret);
    expect(await leader.shieldOf(reply.eventId)).toBeUndefined();
    const { db, vault } = live;
    const open = await findCaseByName(db, vault, otherCode);
    if (open === undefined) throw new Error("the other case is gone");
    expect((await listCaseRooms(db, open.case.id)).length).toBeGreaterThan(1);
    await live.stopBots();
  });

  it("takes everybody out of the rooms where nobody may purge them, and says so", async () => {
    const { config } = live;
    await administrator.json(
      "PUT",
      `/_synapse/admin/v2/users/${encodeURIComponent(config.bots.registrar)}`,
      z.object({}),
      { body: { admin: false } },
    );
    const left = await shredIn(environment(), { name: "STORK", reason: "closed" });
    expect(left.destroyed.rooms.map(({ outcome }) => outcome)).toContain("left");
    expect(left.remains.some(({ where }) => where.includes("not purged"))).toBe(true);
    const { members } = await administrator.json(
      "GET",
      `/_synapse/admin/v1/rooms/${encodeURIComponent(otherRoom)}/members`,
      z.object({ members: z.array(z.string()) }),
    );
    expect(members).toEqual([]);
    await live.startBots();
    await live.stopBots();
    expect((await dump(live.db)).includes(otherRoom.slice(1))).toBe(false);
  });
});
