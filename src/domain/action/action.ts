import { z } from "zod";
import { CaseRoomId, UserId } from "../ids.ts";

export const ActionStatus = z.enum(["open", "done"]);
export type ActionStatus = z.infer<typeof ActionStatus>;

const StoredDate = z.iso.date().transform((text) => Temporal.PlainDate.from(text));
const StoredInstant = z.iso.datetime().transform((text) => Temporal.Instant.from(text));

/** A person of the roster, or a State or body as a whole. */
export const ActionOwner = z.strictObject({
  label: z.string().min(1).max(300),
  userId: UserId.optional(),
});
export type ActionOwner = z.infer<typeof ActionOwner>;

export const LONGEST_ACTION = 2000;

export const ActionDetails = z.strictObject({
  text: z.string().min(1).max(LONGEST_ACTION),
  owner: ActionOwner,
  due: StoredDate.optional(),
  /** The room in which it was agreed. */
  room: CaseRoomId.optional(),
  /** Of the text's fingerprint in the log. */
  salt: z.string().optional(),
  completion: z.strictObject({ by: z.string().min(1).max(300), at: StoredInstant }).optional(),
});
export type ActionDetails = z.infer<typeof ActionDetails>;

export interface ActionItem extends ActionDetails {
  /** Counted from 1 inside the case; people see it as `A-001`. */
  readonly number: number;
  readonly status: ActionStatus;
}

export function formatActionNumber(number: number): string {
  return `A-${String(number).padStart(3, "0")}`;
}

/** Reads `A-001`, `a-1` or `1`; undefined when it is none of these. */
export function parseActionNumber(text: string): number | undefined {
  const digits = /^(?:a-?)?0*([1-9]\d{0,5})$/i.exec(text.trim())?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Open before done; what is due first stands first, what has no date after what has one. */
export function compareActions(one: ActionItem, other: ActionItem): number {
  if (one.status !== other.status) return one.status === "open" ? -1 : 1;
  if (one.due !== undefined && other.due !== undefined) {
    return Temporal.PlainDate.compare(one.due, other.due) || one.number - other.number;
  }
  if (one.due !== undefined) return -1;
  return other.due === undefined ? one.number - other.number : 1;
}

/** An action is overdue from the day after its due date. */
export function isOverdue(action: ActionItem, today: Temporal.PlainDate): boolean {
  return (
    action.status === "open" &&
    action.due !== undefined &&
    Temporal.PlainDate.compare(action.due, today) < 0
  );
}
