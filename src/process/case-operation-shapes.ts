import { z } from "zod";

/** Why somebody looks at a case: it is kept in the log (LED 25, Regulation 2018/1725 Art 88). */
export const Reason = z.string().trim().min(1).max(500);

/** A case by its neutral code or its real name. */
export const CaseName = z.string().trim().min(1).max(200);

const Files = z.array(z.object({ name: z.string(), text: z.string() }));

/** What an operator can ask about the life of a case. */
export const caseOperationShapes = {
  /** Everything that a case holds, as files; people by function. */
  "case.export": {
    params: z.strictObject({ case: CaseName, reason: Reason }),
    result: z.object({ code: z.string(), files: Files }),
  },
  /** Ends a case: people leave its rooms, and retention times begin. The files hold what may be kept. */
  "case.close": {
    params: z.strictObject({ case: CaseName, reason: Reason }),
    result: z.object({
      code: z.string(),
      /** As people read it after "the case is". */
      state: z.string(),
      emptyAfterMinutes: z.number(),
      files: Files,
    }),
  },
  /** Enters an extension of the JIT agreement that the parties agreed on before its end. */
  "case.extend": {
    params: z.strictObject({
      case: CaseName,
      until: z.iso.date(),
      agreedOn: z.iso.date(),
      reason: Reason,
    }),
    result: z.object({
      code: z.string(),
      until: z.string(),
      agreedOn: z.string(),
      /** As people read it after "the case is". */
      state: z.string(),
    }),
  },
  /** What has been destroyed of a case so far, signed. It says nothing of what the case was about. */
  "case.certificate": {
    params: z.strictObject({ case: CaseName }),
    result: z.object({
      code: z.string(),
      /** Whether everything is done, on the homeserver too. */
      completed: z.boolean(),
      json: z.string(),
      markdown: z.string(),
    }),
  },
} as const;
