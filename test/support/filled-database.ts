import { randomBytes } from "node:crypto";
import { type Kysely, sql } from "kysely";
import { openDatabase } from "../../src/db/database.ts";
import { ensureAccount, saveRecoveryKey } from "../../src/db/repositories/accounts.ts";
import { insertCase, insertPerson } from "../../src/db/repositories/cases.ts";
import { saveDirectState } from "../../src/db/repositories/direct-rooms.ts";
import { appendToJournal } from "../../src/db/repositories/journal.ts";
import { enqueueStep } from "../../src/db/repositories/outbox.ts";
import type { Database } from "../../src/db/schema.ts";
import { CaseProfile } from "../../src/domain/case/case.ts";
import { PersonProfile } from "../../src/domain/case/person.ts";
import { CaseId, newId, PersonId, RoomId, UserId } from "../../src/domain/ids.ts";
import { Vault } from "../../src/vault/vault.ts";
import { testLocation } from "./database.ts";

export const now = Temporal.Instant.from("2026-12-01T08:00:00Z");
export const bot = UserId.parse("@rogatory_clerk:rogatory.localhost");

export interface FilledDatabase extends AsyncDisposable {
  readonly db: Kysely<Database>;
  readonly masterKey: Buffer;
  readonly vault: Vault;
  readonly cases: readonly { readonly id: CaseId; readonly code: string }[];
}

/** A database with two cases, an account, steps inside and outside of cases, and log entries. */
export async function fillDatabase(
  wanted?: Parameters<typeof openDatabase>[0],
): Promise<FilledDatabase> {
  const db = await openDatabase(wanted ?? (await testLocation()));
  const masterKey = randomBytes(32);
  const vault = new Vault(masterKey);
  await ensureAccount(db, vault, now, bot);
  await saveRecoveryKey(db, vault, bot, "EsTb recovery");
  const cases = [
    { id: newId(CaseId), code: "JIT-0001" },
    { id: newId(CaseId), code: "JIT-0002" },
  ];
  await db.transaction().execute(async (transaction) => {
    for (const { id, code } of cases) {
      const profile = CaseProfile.parse({ name: `Operation ${code}`, timeZone: "Europe/Brussels" });
      const seal = await insertCase(transaction, vault, now, {
        id,
        code,
        template: "jit",
        profile,
      });
      await insertPerson(transaction, seal, {
        id: newId(PersonId),
        caseId: id,
        userId: UserId.parse("@elena:rogatory.localhost"),
        profile: PersonProfile.parse({
          function: "prosecutor",
          state: "RO",
          role: "leader",
          timeZone: "Europe/Bucharest",
        }),
      });
      await enqueueStep(transaction, seal, now, {
        ...{ account: bot, lane: "!room", caseId: id, cause: code, slot: "welcome" },
        step: {
          kind: "send",
          room: { roomId: RoomId.parse("!room") },
          type: "m.room.message",
          content: { body: "hello" },
        },
      });
      for (const act of ["case.create", "case.show", "command.run"]) {
        const entry = { at: now, actor: "operator", caseId: id, act, details: { code, act } };
        await appendToJournal(transaction, { vault, seal }, entry);
      }
    }
    await saveDirectState(
      transaction,
      vault.system,
      { account: bot, roomId: RoomId.parse("!direct") },
      { person: UserId.parse("@elena:rogatory.localhost"), caseId: cases[0]?.id },
    );
    await enqueueStep(transaction, vault.system, now, {
      ...{ account: bot, lane: "!room", caseId: undefined, cause: "invite", slot: "join" },
      step: { kind: "join", room: { roomId: RoomId.parse("!room") } },
    });
    await appendToJournal(
      transaction,
      { vault },
      { at: now, actor: "operator", caseId: undefined, act: "test.note", details: { text: "x" } },
    );
  });
  return { db, masterKey, vault, cases, [Symbol.asyncDispose]: () => db.destroy() };
}

/** Every row of every table of ours as text, as a stolen dump would hold it. */
export async function dump(db: Kysely<Database>): Promise<string> {
  const { rows } = await sql<{ name: string }>`select table_name as name
    from information_schema.tables where table_schema = current_schema() order by 1`.execute(db);
  const parts: string[] = [];
  for (const { name } of rows) {
    const content = await sql`select * from ${sql.table(name)}`.execute(db);
    parts.push(JSON.stringify({ [name]: content.rows }));
  }
  return parts.join("\n");
}
