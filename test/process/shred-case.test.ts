import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { ensureAccount, readRecoveryKey } from "../../src/db/repositories/accounts.ts";
import { findCase, findCaseByName, listCaseRooms } from "../../src/db/repositories/cases.ts";
import { enqueueStep, placeOfPayload } from "../../src/db/repositories/outbox.ts";
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

/** The other case is made by questions and answers. */
const otherCase = (leader: UserId) => [
  ...["!case new", "jit", "STORK", "Europe/Brussels", "skip"],
  ...[`${leader} leader BE Prosecutor`, "done", "yes"],
];

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
  /** Direct conversations: about the first case only, about both, and the one that made the other. */
  let alone: RoomId;
  let shared: RoomId;
  let making: RoomId;
  let token: string;
  let administrator: AccountHttp;
  let certificate: SignedCertificate;
  let media: string;
  let wrappedKey: string;
  let messages: readonly z.infer<typeof Stored>[];
  let formerDevice: string;
  let formerRecoveryKey: string | undefined;

  const now = () => Temporal.Now.instant();
  const ask = async (room: RoomId, text: string) =>
    (await leader.replyTo(await leader.say(room, text), 60_000)).body;
  const writeTo = async (bot: UserId, name: string): Promise<RoomId> => {
    const http = new AccountHttp(live.homeserver.url, live.accessTokenOf(leader));
    const algorithm = "m.megolm.v1.aes-sha2";
    const made = await http.json(
      "POST",
      "/_matrix/client/v3/createRoom",
      z.object({ room_id: RoomId }),
      {
        body: {
          ...{ preset: "trusted_private_chat", is_direct: true, name, invite: [bot] },
          initial_state: [{ type: "m.room.encryption", content: { algorithm }, state_key: "" }],
        },
      },
    );
    await leader.roomByName(name, { members: 2 });
    return made.room_id;
  };
  const environment = () => ({ config: live.config, db: live.db, vault: live.vault, now });

  beforeAll(async () => {
    live = await openLiveCase({ far: ["member"], operators: ["leader"] });
    const { config, db, vault } = live;
    token = (await readRegistration(config.homeserver.registrationFile)).as_token;
    administrator = live.administrator("near");
    leader = await live.person("leader");
    shreddedRoom = await live.coordination(leader);
    distant = await live.person("member");
    await live.coordination(distant);
    shreddedCode = (await live.ask["case.list"]({}))[0]?.code ?? "";
    making = await writeTo(config.bots.registrar, "direct registrar");
    let created = "";
    for (const text of otherCase(leader.userId)) created = await ask(making, text);
    otherCode = /JIT-[0-9A-F]{4}/.exec(created)?.[0] ?? "";
    const name = `${otherCode} · coordination`;
    otherRoom = (await leader.roomByName(name)).roomId;

    for (const room of [shreddedRoom, otherRoom]) {
      const asked = await leader.say(room, `!action add ${secret} @leader`);
      await leader.replyTo(asked);
    }
    alone = await writeTo(config.bots.clerk, "direct one");
    expect(await ask(alone, "!action list in HERON")).toContain(secret);
    shared = await writeTo(config.bots.clerk, "direct two");
    expect(await ask(shared, "!action list")).toContain("Which case do you mean?");
    for (const name of ["HERON", "STORK"]) {
      expect(await ask(shared, `!action list in ${name}`)).toContain(secret);
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
  }, 300_000);

  afterAll(async () => {
    await live.close();
  });

  /** What the outbox still tells to whoever has the master key. */
  const opened = async (): Promise<string> => {
    const { db, vault } = live;
    const rows = await db.selectFrom("outbox").selectAll().execute();
    const texts: string[] = [];
    for (const { account, transaction_id: id, payload, case_id: caseId } of rows) {
      const box = caseId === null ? vault.system : (await findCase(db, vault, caseId))?.seal;
      const place = placeOfPayload(account, id);
      texts.push(JSON.stringify(box?.open<unknown>(place, payload, z.unknown())));
    }
    return texts.join("\n");
  };

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
    const clerk = live.config.bots.clerk;
    const ended = certificate.destroyed.rooms.filter(({ outcome }) => outcome === "purged");
    expect(ended).toContainEqual({ roomId: shreddedRoom, outcome: "purged" });
    expect(ended).toContainEqual({ roomId: alone, outcome: "purged", directWith: clerk });
    const going = certificate.destroyed.rooms.filter(({ outcome }) => outcome !== "purged");
    expect(going).toEqual([{ roomId: shared, outcome: "kept", directWith: clerk }]);
    const named = certificate.remains.filter(({ where }) => where.includes("direct conversations"));
    expect(named.map(({ advice }) => advice.split(": ")[1])).toEqual([shared]);
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
    for (const room of [shreddedRoom, alone]) expect(text.includes(room.slice(1))).toBe(false);
    expect(await opened()).not.toMatch(/HERON|member:rogatory/);
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
        .prepare(`select count(*) as count from ${table} where room_id in (?, ?)`)
        .get(shreddedRoom, alone);
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
    for (const room of [shreddedRoom, alone, shared]) expect(rooms.has(room)).toBe(false);
    expect(rooms.has(otherRoom)).toBe(true);
    const results = new Map<string, string[]>();
    for (const message of messages) {
      const { kind } = await crypto.decrypt(message);
      results.set(message.room_id, [...(results.get(message.room_id) ?? []), kind]);
    }
    for (const room of [shreddedRoom, alone, shared]) {
      expect(new Set(results.get(room)), room).toEqual(new Set(["undecryptable"]));
    }
    expect(new Set(results.get(otherRoom))).toEqual(new Set(["message"]));
    await crypto.stop();
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
    expect(await ask(shared, "!action list")).toContain("in STORK");
    expect(await ask(shared, "!action list in STORK")).toContain(secret);
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
    const spoken = left.destroyed.rooms.filter(({ directWith }) => directWith !== undefined);
    const bots = [config.bots.clerk, config.bots.registrar];
    expect(spoken).toEqual(
      expect.arrayContaining([
        { roomId: shared, outcome: "left", directWith: bots[0] },
        { roomId: making, outcome: "left", directWith: bots[1] },
      ]),
    );
    expect(await opened()).not.toContain("STORK");
    const { members } = await administrator.json(
      "GET",
      `/_synapse/admin/v1/rooms/${encodeURIComponent(otherRoom)}/members`,
      z.object({ members: z.array(z.string()) }),
    );
    expect(members).toEqual([]);
    await live.startBots();
    await live.stopBots();
    const text = await dump(live.db);
    for (const room of [otherRoom, shared, making])
      expect(text.includes(room.slice(1))).toBe(false);
  });
});
