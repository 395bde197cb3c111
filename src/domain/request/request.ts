import { z } from "zod";
import { CaseRoomId } from "../ids.ts";
import { InstrumentCode } from "./instrument.ts";
import { StateCode } from "./states.ts";

export const LONGEST_MEASURE = 2000;

export const LegalRequest = z.strictObject({
  instrument: InstrumentCode,
  /** Counted from 1 inside the case and the instrument; people see it as `EIO-001`. */
  number: z.int().positive(),
  status: z.string(),
  issuing: StateCode,
  /** Empty for what goes to Eurojust. */
  executing: z.array(StateCode),
  measure: z.string().min(1).max(LONGEST_MEASURE),
  /** Of the measure's fingerprint in the log. */
  salt: z.string().optional(),
  /** The room in which it was made. */
  room: CaseRoomId.optional(),
});
export type LegalRequest = z.infer<typeof LegalRequest>;

export interface RequestNumber {
  readonly instrument: InstrumentCode;
  readonly number: number;
}

export function formatRequestNumber({ instrument, number }: RequestNumber): string {
  return `${instrument}-${String(number).padStart(3, "0")}`;
}

/** Reads `EIO-001`, `eio-1` or `EPOC-PR-002`; undefined when it is none of these. */
export function parseRequestNumber(text: string): RequestNumber | undefined {
  const match = /^(?<code>[a-z]+(?:-[a-z]+)?)-0*(?<digits>[1-9]\d{0,5})$/i.exec(text.trim());
  const code = InstrumentCode.safeParse(match?.groups?.code?.toUpperCase());
  if (!code.success) return undefined;
  return { instrument: code.data, number: Number(match?.groups?.digits) };
}
