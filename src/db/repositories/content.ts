import { z } from "zod";
import type { CaseId } from "../../domain/ids.ts";
import type { SealBox } from "../../vault/seal-box.ts";
import type { Sealed } from "../../vault/sealed.ts";

const anything = z.unknown();

type ContentTable =
  | "meeting"
  | "action_item"
  | "request"
  | "takeaway"
  | "member_change"
  | "case_change";

/** Seals what a content row is about, for its place in the table. */
export function sealDetails<T>(
  box: SealBox,
  table: ContentTable,
  id: string,
  details: T,
): Sealed<unknown> {
  return box.seal<unknown>({ table, column: "details", row: id }, details);
}

/** Opens it again, as the exact type of the schema. */
export function openDetails<T>(
  box: SealBox,
  table: ContentTable,
  row: { readonly id: string; readonly case_id: CaseId; readonly details: Sealed<unknown> },
  schema: z.ZodType<T>,
): T {
  return schema.parse(
    box.open<unknown>({ table, column: "details", row: row.id }, row.details, anything),
  );
}
