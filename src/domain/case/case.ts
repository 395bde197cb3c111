import { z } from "zod";
import type { CaseId, CaseRoomId, RoomId } from "../ids.ts";
import { AgendaEntry, ReportedMeeting } from "../report/agenda.ts";
import { KeptState } from "../request/states.ts";
import { TimeZone } from "./person.ts";

/** What a JIT agreement fixes, as far as Rogatory uses it. Dates are calendar dates. */
export const JitAgreement = z.strictObject({
  parties: z.array(KeptState).min(2),
  purpose: z.string().min(1).max(2000),
  period: z.strictObject({ from: z.iso.date(), to: z.iso.date() }).optional(),
});
export type JitAgreement = z.infer<typeof JitAgreement>;

/** What a case really is. Stored sealed, and said only inside encrypted messages. */
export const CaseProfile = z.strictObject({
  name: z.string().min(1).max(200),
  timeZone: TimeZone,
  agreement: JitAgreement.optional(),
  meeting: ReportedMeeting.optional(),
  /** Template of the outcome report: a file name in `config/reports/`, without its ending. */
  reportTemplate: z.string().optional(),
  agenda: z.array(AgendaEntry).default([]),
});
export type CaseProfile = z.infer<typeof CaseProfile>;

export interface Case {
  readonly id: CaseId;
  /** Neutral reference that the server may see, such as `JIT-7F3A`. */
  readonly code: string;
  /** Room template: a file name in `config/rooms/`, without its ending. */
  readonly template: string;
  /** As it is stored; absent until somebody has said another than the first of the template. */
  readonly state?: string | undefined;
  readonly profile: CaseProfile;
}

export interface CaseRoom {
  readonly id: CaseRoomId;
  readonly caseId: CaseId;
  /** The room's key in its template: `space`, `coordination`, `plenary`, `session`, ... */
  readonly kind: string;
  /** The section of the agenda that the room belongs to. */
  readonly section: string | undefined;
  /** What follows the code in the room's name where the template does not say it: `b-7f3`. */
  readonly label?: string | undefined;
  /** Whether members of the space join it by themselves; left out for one that needs an invitation. */
  readonly restricted?: boolean | undefined;
  /** Absent until the homeserver has made the room. */
  readonly roomId: RoomId | undefined;
}
