import { randomUUID } from "node:crypto";
import type { Kysely } from "kysely";
import type { Config } from "../config/config.ts";
import { roomTemplate } from "../config/room-template.ts";
import { findCase, findCaseByName, type OpenCase } from "../db/repositories/cases.ts";
import { findShredding } from "../db/repositories/shreddings.ts";
import type { Database } from "../db/schema.ts";
import { transact } from "../db/transact.ts";
import { caseFiles } from "../documents/case-export.ts";
import type { Case } from "../domain/case/case.ts";
import { stateNameOf, stateOf } from "../domain/case/life.ts";
import { RogatoryError } from "../domain/errors.ts";
import { changeState, finalStateAfter } from "../services/case/change-state.ts";
import { exportCase, notExported } from "../services/case/export-case.ts";
import { extendAgreement } from "../services/case/extend-agreement.ts";
import { exportLog } from "../services/log/export-log.ts";
import { certificateAsMarkdown, writeCertificate } from "../services/shredding/certificate.ts";
import type { CaseWork, Work } from "../services/work.ts";
import type { Vault } from "../vault/vault.ts";
import type { caseOperationShapes } from "./case-operation-shapes.ts";
import type { Operations } from "./operation-shapes.ts";

export interface CaseOperationsEnvironment {
  readonly config: Config;
  readonly db: Kysely<Database>;
  readonly vault: Vault;
  now(): Temporal.Instant;
  onSteps(): void;
}

export function bindCaseOperations({
  config,
  db,
  vault,
  now,
  onSteps,
}: CaseOperationsEnvironment): Pick<Operations, keyof typeof caseOperationShapes> {
  const inTransaction = <T>(work: (work: Work) => Promise<T>): Promise<T> =>
    transact(db, (transaction) => work({ db: transaction, vault, now: now() }));
  return {
    "case.export": ({ case: name, reason }) =>
      inTransaction(async (work) => {
        const { case: of, seal } = await openCaseNamed(work, name);
        const on: CaseWork = { ...work, caseId: of.id, seal, actor: { kind: "operator", reason } };
        const exported = await exportCase(on, { case: of, room: undefined }, new Set());
        const { text } = await exportLog(work, { code: of.code, reason });
        return { code: of.code, files: [...caseFiles(exported, text)] };
      }),
    async "case.close"({ case: name, reason }) {
      const closed = await inTransaction(async (work) => {
        const { case: of, seal } = await openCaseNamed(work, name);
        const on: CaseWork = { ...work, caseId: of.id, seal, actor: { kind: "operator", reason } };
        const registry = { case: of, bots: config.bots, cause: `operator-${randomUUID()}` };
        const transition = { to: finalStateAfter(of), reason };
        const said = { at: work.now, answeredIn: undefined };
        const changed = await changeState(on, registry, transition, said);
        if (changed.kind !== "done") throw new TypeError("an operator waits for nobody");
        const present = await reread(on, of);
        const exported = await exportCase(
          on,
          { case: present, room: undefined },
          notExported(present),
        );
        const { text } = await exportLog(work, { code: of.code, reason });
        const { emptyAfterMinutes, state } = changed;
        const files = [...caseFiles(exported, text)];
        return { code: of.code, state: state.title, emptyAfterMinutes, files };
      });
      onSteps();
      return closed;
    },
    async "case.extend"({ case: name, until, agreedOn, reason }) {
      const extended = await inTransaction(async (work) => {
        const { case: of, seal } = await openCaseNamed(work, name);
        const on: CaseWork = { ...work, caseId: of.id, seal, actor: { kind: "operator", reason } };
        const registry = { case: of, bots: config.bots, cause: `operator-${randomUUID()}` };
        const present = await extendAgreement(on, registry, {
          to: Temporal.PlainDate.from(until),
          agreedOn: Temporal.PlainDate.from(agreedOn),
          ...{ saidAt: work.now, room: undefined },
        });
        const { life } = roomTemplate(present.template);
        return { code: of.code, state: stateOf(life, stateNameOf(life, present.state)).title };
      });
      onSteps();
      return { ...extended, until, agreedOn };
    },
    "case.certificate": ({ case: name }) =>
      inTransaction(async (work) => {
        const row = await work.db
          .selectFrom("case_file")
          .select(["id", "code"])
          .where("code", "=", name.toUpperCase())
          .executeTakeFirst();
        const record = row && (await findShredding(work.db, vault, row.id));
        if (record === undefined) {
          throw new RogatoryError(
            "case.nothing-destroyed",
            `Nothing of a case with the code “${name}” has been destroyed yet: rogatory case list shows the codes.`,
          );
        }
        const written = writeCertificate(record, config.homeserver.serverName, vault.signer);
        return {
          code: record.code,
          completed: record.completedAt !== undefined,
          json: `${JSON.stringify(written, undefined, 2)}\n`,
          markdown: certificateAsMarkdown(written),
        };
      }),
  };
}

async function reread({ db, vault }: Work, of: Case): Promise<Case> {
  return (await findCase(db, vault, of.id))?.case ?? of;
}

/** @throws RogatoryError `case.unknown` */
export async function openCaseNamed({ db, vault }: Work, name: string): Promise<OpenCase> {
  const open = await findCaseByName(db, vault, name);
  if (open !== undefined) return open;
  throw new RogatoryError(
    "case.unknown",
    `There is no case “${name}”: rogatory case list shows the codes.`,
  );
}
