import { randomUUID } from "node:crypto";
import type { Transaction } from "kysely";
import { z } from "zod";
import { type CaseId, UserId } from "../../domain/ids.ts";
import type { SealBox } from "../../vault/seal-box.ts";
import { instantText } from "../instant-text.ts";
import type { Database } from "../schema.ts";
import { openDetails, sealDetails } from "./content.ts";
import { takeNumber } from "./counters.ts";

/** What is kept of everything that waits for a second leader. */
export const asked = {
  /** Absent when an operator asked. */
  askedBy: UserId.exactOptional(),
  askedAt: z.string(),
};

/** Changes of one kind that wait until a second leader confirms them, each with a number in the case. */
export class PendingChanges<T> {
  readonly #table: "member_change" | "case_change";
  readonly #series: string;
  readonly #schema: z.ZodType<T>;

  /** @param series of the numbers, as in the table `counter` */
  constructor(table: "member_change" | "case_change", series: string, schema: z.ZodType<T>) {
    this.#table = table;
    this.#series = series;
    this.#schema = schema;
  }

  /** @returns the number of the change */
  async insert(
    db: Transaction<Database>,
    seal: SealBox,
    caseId: CaseId,
    details: T,
  ): Promise<number> {
    const number = await takeNumber(db, caseId, this.#series);
    const id = randomUUID();
    await db
      .insertInto(this.#table)
      .values({
        ...{ id, case_id: caseId, number, resolved_at: null },
        details: sealDetails(seal, this.#table, id, details),
      })
      .execute();
    return number;
  }

  /** Finds one that nobody has confirmed yet, and locks its row until the transaction ends. */
  async find(
    db: Transaction<Database>,
    seal: SealBox,
    caseId: CaseId,
    number: number,
  ): Promise<T | undefined> {
    const row = await db
      .selectFrom(this.#table)
      .selectAll()
      .where("case_id", "=", caseId)
      .where("number", "=", number)
      .where("resolved_at", "is", null)
      .forUpdate()
      .executeTakeFirst();
    return row === undefined ? undefined : openDetails(seal, this.#table, row, this.#schema);
  }

  /** @param number the one that was confirmed; left out: all that are open, which nobody confirms any more */
  async resolve(
    db: Transaction<Database>,
    caseId: CaseId,
    now: Temporal.Instant,
    number?: number,
  ): Promise<void> {
    await db
      .updateTable(this.#table)
      .set({ resolved_at: instantText(now) })
      .where("case_id", "=", caseId)
      .where("resolved_at", "is", null)
      .$if(number !== undefined, (query) => query.where("number", "=", number ?? 0))
      .execute();
  }
}
