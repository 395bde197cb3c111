import { z } from "zod";

const RoomShape = z.object({
  kind: z.string(),
  section: z.string().optional(),
  /** Absent until the homeserver has made the room. */
  roomId: z.string().optional(),
});

/** Why somebody looks at a case: it is kept in the log (LED 25, Regulation 2018/1725 Art 88). */
const Reason = z.string().trim().min(1).max(500);

/** A case by its neutral code or its real name. */
const CaseName = z.string().trim().min(1).max(200);

/** What an operator can ask, with the shapes of question and answer; both sides check them. */
export const operationShapes = {
  /** Creates the case of a case file. The same cause again gives the same case. */
  "case.new": {
    params: z.strictObject({
      yaml: z.string(),
      fileName: z.string(),
      cause: z.string().regex(/^[A-Za-z0-9_-]{1,100}$/),
    }),
    result: z.object({
      code: z.string(),
      created: z.boolean(),
      rooms: z.array(RoomShape),
    }),
  },
  /** All cases, without what they are about. */
  "case.list": {
    params: z.strictObject({}),
    result: z.array(
      z.object({
        code: z.string(),
        template: z.string(),
        createdAt: z.string(),
        people: z.number(),
        rooms: z.object({ made: z.number(), planned: z.number() }),
      }),
    ),
  },
  /** Rooms and people of a case. */
  "case.show": {
    params: z.strictObject({ case: CaseName, reason: Reason }),
    result: z.object({
      code: z.string(),
      name: z.string(),
      template: z.string(),
      timeZone: z.string(),
      rooms: z.array(
        RoomShape.extend({ encrypted: z.boolean(), joined: z.number(), invited: z.number() }),
      ),
      people: z.array(
        z.object({
          userId: z.string(),
          function: z.string(),
          affiliation: z.string().optional(),
          role: z.string(),
          timeZone: z.string(),
          joined: z.number(),
        }),
      ),
      steps: z.object({ pending: z.number(), dead: z.number() }),
    }),
  },
  /** Runs one chat command in a case, with all capabilities and outside any room. */
  "command.run": {
    params: z.strictObject({ case: CaseName, line: z.string().min(1), reason: Reason }),
    result: z.object({
      /** The answer as people read it where there is no formatting. */
      text: z.string(),
      attachments: z.array(
        z.object({ fileName: z.string(), mimeType: z.string(), bytesBase64: z.base64() }),
      ),
    }),
  },
} as const;

type Shapes = typeof operationShapes;
export type OperationName = keyof Shapes;
export type OperationParams<N extends OperationName> = z.output<Shapes[N]["params"]>;
export type OperationResult<N extends OperationName> = z.output<Shapes[N]["result"]>;

/** One function for each operation, with the exact types. */
export type Operations = {
  readonly [N in OperationName]: (params: OperationParams<N>) => Promise<OperationResult<N>>;
};
