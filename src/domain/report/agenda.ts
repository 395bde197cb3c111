import { z } from "zod";

const SectionCode = z
  .string()
  .regex(/^[a-z][a-z0-9.-]{0,30}$/, "a code is short and starts with a letter, such as s1");

/** A section of an outcome report that stands in its template and on no agenda. */
export const FixedSection = z.strictObject({
  code: SectionCode,
  title: z.string().min(1).max(300),
});
export type FixedSection = z.infer<typeof FixedSection>;

/**
 * One session, workshop or update of a focus-group meeting: a section of its outcome report. Codes
 * such as `s1` or `w2` are what people type.
 */
export const AgendaEntry = z.strictObject({
  ...FixedSection.shape,
  /** The code of the section of which this is a sub-section. */
  parent: z.string().optional(),
  /** Whether it has an encrypted room of its own. */
  room: z.boolean().default(false),
});
export type AgendaEntry = z.infer<typeof AgendaEntry>;

/** The meeting whose outcome is reported. Dates are calendar dates at the venue. */
export const ReportedMeeting = z.strictObject({
  /** Given, never counted: published reports disagree on which meeting was the first. */
  ordinal: z.number().int().positive(),
  /** The name of the group, as it follows "4th meeting of". */
  title: z.string().min(1).max(300),
  /** As on the title page: EUROJUST. */
  organisation: z.string().min(1).max(100),
  from: z.iso.date(),
  /** The last day; the same as `from` for a meeting of one day. */
  to: z.iso.date(),
  place: z.string().min(1).max(200),
});
export type ReportedMeeting = z.infer<typeof ReportedMeeting>;
