import type { Kysely } from "kysely";
import { z } from "zod";
import type { Command } from "../commands/command.ts";
import { loadCommands } from "../commands/registry.ts";
import { typedAccounts } from "../commands/typed-accounts.ts";
import { readCaseFile } from "../config/case-file.ts";
import type { Config } from "../config/config.ts";
import { useOwnTemplates } from "../config/room-template.ts";
import type { Database } from "../db/schema.ts";
import { transact } from "../db/transact.ts";
import { renderText } from "../documents/message/render.ts";
import { RogatoryError } from "../domain/errors.ts";
import type { CaseId, UserId } from "../domain/ids.ts";
import type { Session } from "../matrix/session/session.ts";
import { applyCase } from "../services/case/apply-case.ts";
import { type CaseRequest, createCase } from "../services/case/create-case.ts";
import { summariseCases } from "../services/case/list-cases.ts";
import { compare, planCaseFile } from "../services/case/plan-case.ts";
import { showCase } from "../services/case/show-case.ts";
import { refuseUnknownAccounts } from "../services/case/unknown-accounts.ts";
import { exportLog } from "../services/log/export-log.ts";
import { verifyLog } from "../services/log/verify-log.ts";
import { dropStep, listSteps, retryStep } from "../services/outbox/outbox-steps.ts";
import type { Work } from "../services/work.ts";
import type { Vault } from "../vault/vault.ts";
import { bindBotOperations } from "./bot-operations.ts";
import { bindCaseOperations, openCaseNamed } from "./case-operations.ts";
import { checkCasesNow } from "./check-cases.ts";
import type { ControlHandlers } from "./control-socket.ts";
import { bindInboxOperations } from "./inbox-operations.ts";
import {
  type OperationParams,
  type OperationResult,
  type Operations,
  operationShapes,
} from "./operation-shapes.ts";
import { asOperator, readLine, runAsOperator } from "./run-as-operator.ts";
import { unknownLocalPeople } from "./unknown-local-people.ts";

export interface OperationsEnvironment {
  readonly config: Config;
  /** Open, and owned by this process. */
  readonly db: Kysely<Database>;
  readonly vault: Vault;
  now(): Temporal.Instant;
  /** Told after a commit that may have put steps into the outbox. */
  onSteps?(): void;
  /** The session of an account, if this process serves it. */
  sessionOf?(userId: UserId): Session | undefined;
  /** Asks the homeserver about the rooms of cases, or about all, if the bots run in this process. */
  readonly checkCases?: (cases?: readonly CaseId[]) => Promise<void>;
}

/**
 * What an operator can ask, by name, ready for `serveControl`. Each takes unchecked parameters,
 * does its work in one transaction, and gives what `operationShapes` says.
 */
export async function createOperations(
  environment: OperationsEnvironment,
): Promise<ControlHandlers> {
  useOwnTemplates(environment.config.rooms.templates);
  const operations = bindOperations(environment, await loadCommands());
  return {
    "case.new": checked(operationShapes["case.new"].params, operations["case.new"]),
    "case.plan": checked(operationShapes["case.plan"].params, operations["case.plan"]),
    "case.apply": checked(operationShapes["case.apply"].params, operations["case.apply"]),
    "case.list": checked(operationShapes["case.list"].params, operations["case.list"]),
    "case.show": checked(operationShapes["case.show"].params, operations["case.show"]),
    "case.export": checked(operationShapes["case.export"].params, operations["case.export"]),
    "case.close": checked(operationShapes["case.close"].params, operations["case.close"]),
    "case.extend": checked(operationShapes["case.extend"].params, operations["case.extend"]),
    "case.certificate": checked(
      operationShapes["case.certificate"].params,
      operations["case.certificate"],
    ),
    "case.check": checked(operationShapes["case.check"].params, operations["case.check"]),
    "command.run": checked(operationShapes["command.run"].params, operations["command.run"]),
    "log.verify": checked(operationShapes["log.verify"].params, operations["log.verify"]),
    "log.export": checked(operationShapes["log.export"].params, operations["log.export"]),
    "outbox.list": checked(operationShapes["outbox.list"].params, operations["outbox.list"]),
    "outbox.retry": checked(operationShapes["outbox.retry"].params, operations["outbox.retry"]),
    "outbox.drop": checked(operationShapes["outbox.drop"].params, operations["outbox.drop"]),
    "inbox.list": checked(operationShapes["inbox.list"].params, operations["inbox.list"]),
    "inbox.retry": checked(operationShapes["inbox.retry"].params, operations["inbox.retry"]),
    "inbox.drop": checked(operationShapes["inbox.drop"].params, operations["inbox.drop"]),
    "bot.status": checked(operationShapes["bot.status"].params, operations["bot.status"]),
    "bot.recovery-key": checked(
      operationShapes["bot.recovery-key"].params,
      operations["bot.recovery-key"],
    ),
    "bot.verify.start": checked(
      operationShapes["bot.verify.start"].params,
      operations["bot.verify.start"],
    ),
    "bot.verify.next": checked(
      operationShapes["bot.verify.next"].params,
      operations["bot.verify.next"],
    ),
    "bot.verify.confirm": checked(
      operationShapes["bot.verify.confirm"].params,
      operations["bot.verify.confirm"],
    ),
    "bot.verify.cancel": checked(
      operationShapes["bot.verify.cancel"].params,
      operations["bot.verify.cancel"],
    ),
  };
}

function bindOperations(
  {
    config,
    db,
    vault,
    now,
    onSteps = () => {},
    sessionOf = () => undefined,
    checkCases,
  }: OperationsEnvironment,
  commands: readonly Command[],
): Operations {
  const inTransaction = <T>(work: (work: Work) => Promise<T>): Promise<T> =>
    transact(db, (transaction) => work({ db: transaction, vault, now: now() }));
  const checkAccounts = async (params: OperationParams<"case.new">) => {
    if (params.refuseUnknownAccounts !== true) return;
    const request = asCaseRequest(config, params);
    const { newPeople } = await inTransaction((work) => compare(work, request));
    const coming = newPeople.map(({ userId }) => userId);
    refuseUnknownAccounts(await unknownLocalPeople(config, coming));
  };
  return {
    async "case.new"(params) {
      await checkAccounts(params);
      const { code, created, rooms } = await inTransaction((work) =>
        createCase(work, asCaseRequest(config, params)),
      );
      onSteps();
      return { code, created, rooms: [...rooms] };
    },
    async "case.plan"(params) {
      const { rooms, people, kept, ...plan } = await inTransaction((work) =>
        planCaseFile(work, asCaseRequest(config, params)),
      );
      const coming = people.flatMap(({ userId, exists }) => (exists ? [] : [userId]));
      const unknownAccounts = await unknownLocalPeople(config, coming);
      return {
        ...plan,
        rooms: rooms.map((room) => ({ ...room, bots: [...room.bots], people: [...room.people] })),
        people: people.map((person) => ({ ...person, rooms: [...person.rooms] })),
        kept: [...kept],
        ...(unknownAccounts === undefined ? {} : { unknownAccounts: [...unknownAccounts] }),
      };
    },
    async "case.apply"(params) {
      await checkAccounts(params);
      const { code, created, rooms, added, kept } = await inTransaction((work) =>
        applyCase(work, asCaseRequest(config, params)),
      );
      onSteps();
      return {
        code,
        created,
        added: { ...added, settings: [...added.settings] },
        rooms: [...rooms],
        kept: [...kept],
      };
    },
    "case.list": async () => [...(await inTransaction(summariseCases))],
    "case.show": ({ case: name, reason }) =>
      inTransaction(async (work) => {
        const { rooms, people, ...shown } = await showCase(
          asOperator(work, await openCaseNamed(work, name), reason),
        );
        return { ...shown, rooms: [...rooms], people: [...people] };
      }),
    async "case.check"({ case: name, reason }) {
      const checked = await checkCasesNow({ config, inTransaction, checkCases }, { name, reason });
      onSteps();
      return checked;
    },
    async "command.run"({ case: name, line, reason }) {
      const command = readLine(commands, line);
      const unknownAccounts = await unknownLocalPeople(config, typedAccounts(command));
      const outcome = await inTransaction(async (work) =>
        runAsOperator(asOperator(work, await openCaseNamed(work, name), reason), command, {
          ...{ bots: config.bots, localPeople: config.rooms.localPeople },
          ...{ commands, unknownAccounts },
        }),
      );
      onSteps();
      return {
        text: renderText(outcome),
        attachments: (outcome.attachments ?? []).map(({ fileName, mimeType, bytes }) => ({
          fileName,
          mimeType,
          bytesBase64: Buffer.from(bytes).toString("base64"),
        })),
      };
    },
    "log.verify": (params) => checkLog(db, vault, params),
    "log.export": ({ case: code, reason }) =>
      inTransaction((work) => exportLog(work, { code, reason })),
    "outbox.list": async (which) => [...(await inTransaction((work) => listSteps(work, which)))],
    async "outbox.retry"({ id }) {
      await inTransaction((work) => retryStep(work, id));
      onSteps();
      return { id };
    },
    async "outbox.drop"({ id, reason }) {
      await inTransaction((work) => dropStep(work, id, reason));
      onSteps();
      return { id };
    },
    ...bindInboxOperations(inTransaction),
    ...bindCaseOperations({ config, db, vault, now, onSteps }),
    ...bindBotOperations({ config, db, vault, now, sessionOf }),
  };
}

/** @throws RogatoryError `case.file` with every line that is wrong */
function asCaseRequest(
  { homeserver: { serverName }, bots, rooms }: Config,
  {
    yaml,
    fileName,
    roster,
    cause = "",
    reason = "",
  }: OperationParams<"case.plan"> & { cause?: string },
): CaseRequest {
  const options = { fileName, serverName, bots: Object.values(bots), roster };
  return {
    file: readCaseFile(yaml, options),
    ...{ bots, localPeople: rooms.localPeople, cause },
    actor: { kind: "operator", reason },
  };
}

/** The log as it was at one instant, while entries are added to it. */
async function checkLog(
  db: OperationsEnvironment["db"],
  vault: Vault,
  { since }: OperationParams<"log.verify">,
): Promise<OperationResult<"log.verify">> {
  const check = await db
    .transaction()
    .setIsolationLevel("repeatable read")
    .execute((transaction) => verifyLog(transaction, vault, since));
  return { ...check, findings: [...check.findings] };
}

/** Checks the parameters before an operation sees them. */
function checked<P>(schema: z.ZodType<P>, operation: (params: P) => Promise<unknown>) {
  return async (params: unknown): Promise<unknown> => {
    const result = schema.safeParse(params);
    if (result.success) return operation(result.data);
    throw new RogatoryError(
      "operation.malformed",
      `The operation was not asked for properly: ${z.prettifyError(result.error)}`,
    );
  };
}
