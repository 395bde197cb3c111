import { z } from "zod";
import { botOperationShapes } from "./bot-operation-shapes.ts";
import { CaseName, caseOperationShapes, Reason } from "./case-operation-shapes.ts";
import { inboxOperationShapes } from "./inbox-operation-shapes.ts";

/** What is not as it must be in a room. */
const FindingShape = z.object({
  room: z.string(),
  roomId: z.string(),
  kind: z.string(),
  what: z.string(),
  since: z.string(),
  state: z.enum(["repairing", "told", "noted"]),
});

const RoomShape = z.object({
  kind: z.string(),
  section: z.string().optional(),
  /** Absent until the homeserver has made the room. */
  roomId: z.string().optional(),
});

/** A case file, and its roster if that is in a file of its own. */
const CaseFileText = {
  yaml: z.string(),
  fileName: z.string(),
  roster: z.strictObject({ text: z.string(), fileName: z.string() }).optional(),
  /** Obligatory if there is a case of its name. */
  reason: Reason.optional(),
};

/** Whether people whose account the homeserver does not know are a mistake; left out, they are invited. */
const RefuseUnknown = z.boolean().optional();

const Cause = z.string().regex(/^[A-Za-z0-9_-]{1,100}$/);

const StepId = z.int().positive();

/** What an operator can ask, with the shapes of question and answer; both sides check them. */
export const operationShapes = {
  /** Creates the case of a case file. The same cause again gives the same case. */
  "case.new": {
    params: z.strictObject({
      ...CaseFileText,
      cause: Cause,
      refuseUnknownAccounts: RefuseUnknown,
    }),
    result: z.object({
      code: z.string(),
      created: z.boolean(),
      rooms: z.array(RoomShape),
    }),
  },
  /** What applying a case file would do; nothing is changed. */
  "case.plan": {
    params: z.strictObject(CaseFileText),
    result: z.object({
      name: z.string(),
      kind: z.string(),
      /** Of the case of this name, if there is one. */
      code: z.string().optional(),
      rooms: z.array(
        z.object({
          name: z.string(),
          exists: z.boolean(),
          joinRule: z.enum(["invite", "restricted"]),
          bots: z.array(z.string()),
          people: z.array(z.string()),
        }),
      ),
      people: z.array(
        z.object({
          userId: z.string(),
          function: z.string(),
          affiliation: z.string().optional(),
          role: z.string(),
          power: z.number(),
          way: z.enum(["invited", "by-space", "joined"]),
          rooms: z.array(z.string()),
          exists: z.boolean(),
        }),
      ),
      kept: z.array(z.string()),
      /** New people of the own homeserver without an account; left out where it could not be asked. */
      unknownAccounts: z.array(z.string()).optional(),
    }),
  },
  /** Creates the case of a case file, or adds what is new in it to the case of that name. */
  "case.apply": {
    params: z.strictObject({
      ...CaseFileText,
      cause: Cause,
      refuseUnknownAccounts: RefuseUnknown,
    }),
    result: z.object({
      code: z.string(),
      created: z.boolean(),
      rooms: z.array(RoomShape),
      added: z.object({
        ...{ people: z.number(), rooms: z.number() },
        settings: z.array(z.string()),
      }),
      kept: z.array(z.string()),
    }),
  },
  /** All cases, without what they are about. */
  "case.list": {
    params: z.strictObject({}),
    result: z.array(
      z.object({
        code: z.string(),
        template: z.string(),
        state: z.string(),
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
      state: z.string(),
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
  /** Whether the rooms of a case, or of all, are as they must be; without a reason by code, and nobody of a case is named. */
  "case.check": {
    params: z.strictObject({ case: CaseName.optional(), reason: Reason.optional() }),
    result: z.object({
      /** Whether the homeserver was asked; otherwise it is what the database knows. */
      asked: z.boolean(),
      cases: z.array(
        z.object({
          code: z.string(),
          findings: z.array(FindingShape),
        }),
      ),
      /** Those of the operators' room, where no case was named. */
      operators: z.array(FindingShape).optional(),
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
  /** Follows the log of all acts; says what was changed, and shows no content. */
  "log.verify": {
    params: z.strictObject({
      /** Where the log ended at an earlier time. */
      since: z
        .strictObject({ count: z.int().nonnegative(), hash: z.string().regex(/^[0-9a-f]{64}$/) })
        .optional(),
    }),
    result: z.object({
      entries: z.number(),
      hash: z.string(),
      publicKey: z.string(),
      signedSince: z.number(),
      findings: z.array(z.object({ sequence: z.number().optional(), problem: z.string() })),
    }),
  },
  /** The log of one case, as lines of JSON that can be checked by themselves. */
  "log.export": {
    params: z.strictObject({ case: CaseName, reason: Reason }),
    result: z.object({
      code: z.string(),
      entries: z.number(),
      publicKey: z.string(),
      text: z.string(),
    }),
  },
  /** Steps that are still to be done on the homeserver, or were given up; never their content. */
  "outbox.list": {
    params: z.strictObject({ dead: z.boolean() }),
    result: z.array(
      z.object({
        id: z.number(),
        account: z.string(),
        lane: z.string(),
        kind: z.string(),
        state: z.string(),
        attempts: z.number(),
        /** Code of the last failure. */
        failure: z.string().optional(),
        createdAt: z.string(),
        /** Seconds since it was put there. */
        age: z.number(),
      }),
    ),
  },
  /** Tries a step again. */
  "outbox.retry": {
    params: z.strictObject({ id: StepId }),
    result: z.object({ id: z.number() }),
  },
  /** Gives a step up for good; its lane goes on. */
  "outbox.drop": {
    params: z.strictObject({ id: StepId, reason: Reason }),
    result: z.object({ id: z.number() }),
  },
  ...inboxOperationShapes,
  ...caseOperationShapes,
  ...botOperationShapes,
} as const;

type Shapes = typeof operationShapes;
export type OperationName = keyof Shapes;
export type OperationParams<N extends OperationName> = z.output<Shapes[N]["params"]>;
export type OperationResult<N extends OperationName> = z.output<Shapes[N]["result"]>;

/** One function for each operation, with the exact types. */
export type Operations = {
  readonly [N in OperationName]: (params: OperationParams<N>) => Promise<OperationResult<N>>;
};
