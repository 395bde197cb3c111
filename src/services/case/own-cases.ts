import type { Kysely, Transaction } from "kysely";
import { findCase, type OpenCase } from "../../db/repositories/cases.ts";
import type { Database } from "../../db/schema.ts";
import type { UserId } from "../../domain/ids.ts";
import type { Vault } from "../../vault/vault.ts";

/** The cases on whose roster a person stands, oldest first. */
export async function casesOf(
  db: Kysely<Database> | Transaction<Database>,
  vault: Vault,
  userId: UserId,
): Promise<readonly OpenCase[]> {
  const rows = await db
    .selectFrom("person")
    .innerJoin("case_file", "case_file.id", "person.case_id")
    .select("person.case_id")
    .where("person.user_id", "=", userId)
    .where("person.removed_at", "is", null)
    .where("case_file.shredded_at", "is", null)
    .orderBy("case_file.created_at")
    .orderBy("case_file.id")
    .execute();
  const open: OpenCase[] = [];
  for (const { case_id: id } of rows) {
    const found = await findCase(db, vault, id);
    if (found !== undefined) open.push(found);
  }
  return open;
}

/** The one of somebody's own cases that they mean: by its real name or its code, in any case of letters. */
export function findOwnCase(name: string, own: readonly OpenCase[]): OpenCase | undefined {
  const wanted = name.trim().toLowerCase();
  return own.find(
    ({ case: { code, profile } }) =>
      code.toLowerCase() === wanted || profile.name.toLowerCase() === wanted,
  );
}
