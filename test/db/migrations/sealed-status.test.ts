import { randomBytes } from "node:crypto";
import { PGlite } from "@electric-sql/pglite";
import { Kysely, PGliteDialect, sql } from "kysely";
import { expect, it } from "vitest";
import { migrate } from "../../../src/db/migrate.ts";
import { findAction } from "../../../src/db/repositories/actions.ts";
import { findCase } from "../../../src/db/repositories/cases.ts";
import { sealDetails } from "../../../src/db/repositories/content.ts";
import { findRequest, insertRequest, listRequests } from "../../../src/db/repositories/requests.ts";
import type { Database } from "../../../src/db/schema.ts";
import { CaseId, newId } from "../../../src/domain/ids.ts";
import { InstrumentCode } from "../../../src/domain/request/instrument.ts";
import { LegalRequest } from "../../../src/domain/request/request.ts";
import { sealLeftOver } from "../../../src/services/keys/seal-left-over.ts";
import { Vault } from "../../../src/vault/vault.ts";
import { dump } from "../../support/filled-database.ts";

it("seals which instruments were asked for and what is done, and goes on with the numbers", async () => {
  await using db = new Kysely<Database>({ dialect: new PGliteDialect({ pglite: new PGlite() }) });
  await migrate(db, "0016-voices");
  const vault = new Vault(randomBytes(32));
  const cases = [newId(CaseId), newId(CaseId)];
  for (const id of cases) {
    const key = vault.createCaseKey(id);
    const seal = vault.forCase(id, key);
    const profile = seal.seal<unknown>(
      { table: "case_file", column: "profile", row: id },
      { name: "HERON", timeZone: "Europe/Brussels" },
    );
    await sql`insert into case_file (id, code, template, wrapped_key, profile, created_at)
      values (${id}, ${id}, 'jit', ${key}, ${profile}, '2026-12-01T08:00:00Z')`.execute(db);
    // Written in another order than they are counted in.
    for (const [instrument, number] of [
      ["MLA", 1],
      ["EIO", 2],
      ["EIO", 1],
    ] as const) {
      const row = `${id}-${instrument}-${number}`;
      const details = sealDetails(seal, "request", row, {
        ...{ issuing: "BE", executing: ["NL"], measure: `${instrument} no. ${number}` },
      });
      await sql`insert into request (id, case_id, instrument, number, status, details)
        values (${row}, ${id}, ${instrument}, ${number}, 'draft', ${details})`.execute(db);
    }
    await sql`insert into counter (case_id, series, last)
      values (${id}, 'request:EIO', 2), (${id}, 'request:MLA', 1), (${id}, 'action', 1)`.execute(
      db,
    );
    const action = sealDetails(seal, "action_item", `${id}-a`, {
      ...{ text: "Ask the bank", owner: { label: "BE" } },
    });
    await sql`insert into action_item (id, case_id, number, status, details)
      values (${`${id}-a`}, ${id}, 1, 'done', ${action})`.execute(db);
  }

  await migrate(db);
  await sealLeftOver(db, vault);
  // Another process that has waited, or the next start.
  await sealLeftOver(db, vault);

  expect(await db.selectFrom("unsealed_detail").selectAll().execute()).toEqual([]);
  expect(await dump(db)).not.toMatch(/"request:|"draft"|"done"|EIO"/);
  for (const id of cases) {
    const open = await findCase(db, vault, id);
    if (open === undefined) throw new Error("the case is gone");
    await db.transaction().execute(async (transaction) => {
      const numbersOf = async () =>
        (await listRequests(transaction, open.seal, id)).map(
          ({ instrument, number, status, measure }) => [instrument, number, status, measure],
        );
      const before = [
        ["EIO", 1, "draft", "EIO no. 1"],
        ["EIO", 2, "draft", "EIO no. 2"],
        ["MLA", 1, "draft", "MLA no. 1"],
      ];
      expect(await numbersOf()).toEqual(before);
      const instrument = InstrumentCode.parse("EIO");
      const second = await findRequest(transaction, open.seal, id, { instrument, number: 2 });
      expect(second).toMatchObject({ measure: "EIO no. 2" });
      const { number: _, ...draft } = LegalRequest.parse(second);
      const added = await insertRequest(transaction, open.seal, id, draft);
      expect(added).toMatchObject({ instrument, number: 3 });
      expect(await findAction(transaction, open.seal, id, 1)).toMatchObject({
        ...{ number: 1, status: "done", text: "Ask the bank" },
      });
    });
  }
});
