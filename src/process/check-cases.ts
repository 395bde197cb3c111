import type { Config } from "../config/config.ts";
import type { OpenCase } from "../db/repositories/cases.ts";
import { listCases } from "../db/repositories/cases.ts";
import { RogatoryError } from "../domain/errors.ts";
import type { CaseId } from "../domain/ids.ts";
import { logAct } from "../services/acts.ts";
import { checkCase } from "../services/guard/check-case.ts";
import { checkManagement } from "../services/guard/check-management.ts";
import {
  type ShownFinding,
  shownFindings,
  shownManagementFindings,
} from "../services/guard/shown-findings.ts";
import type { CaseWork, Work } from "../services/work.ts";
import { openCaseNamed } from "./case-operations.ts";
import type { OperationResult } from "./operation-shapes.ts";

export interface CheckEnvironment {
  readonly config: Config;
  inTransaction<T>(work: (work: Work) => Promise<T>): Promise<T>;
  /** Asks the homeserver, where the bots run here: about all rooms if no case is named. */
  checkCases?: ((cases?: readonly CaseId[]) => Promise<void>) | undefined;
}

/**
 * Looks at cases, at all of them and at the operators' room if none is named, and gives what is not as
 * it must be. Without running bots nobody can ask the homeserver, and what the database knows is judged.
 *
 * Without a reason cases are found by their codes, and findings name nobody; a reason stands in the log
 * of each case.
 *
 * @throws RogatoryError `case.unknown`
 */
export async function checkCasesNow(
  { config, inTransaction, checkCases }: CheckEnvironment,
  { name, reason }: { readonly name?: string | undefined; readonly reason?: string | undefined },
): Promise<OperationResult<"case.check">> {
  const cases = await inTransaction((work) => chooseCases(work, name, reason !== undefined));
  await checkCases?.(name === undefined ? undefined : cases.map(({ case: of }) => of.id));
  const checked: OperationResult<"case.check">["cases"] = [];
  for (const { case: of, seal } of cases) {
    const findings = await inTransaction(async (work) => {
      const actor = { kind: "bot", bot: "registrar" } as const;
      const on: CaseWork = { ...work, caseId: of.id, seal, actor };
      if (checkCases === undefined) await checkCase(on, { case: of, bots: config.bots });
      if (reason !== undefined) {
        await logAct({ ...on, actor: { kind: "operator", reason } }, "case.check", { reason });
      }
      return shownFindings(on, of);
    });
    checked.push({
      code: of.code,
      findings: findings.map(({ what, ...finding }) =>
        asResult({ ...finding, what: reason === undefined ? withoutPeople(what) : what }),
      ),
    });
  }
  const asked = checkCases !== undefined;
  if (name !== undefined) return { asked, cases: checked };
  const operators = await inTransaction(async (work) => {
    if (!asked) await checkManagement(work, config.bots);
    return shownManagementFindings(work);
  });
  return { asked, cases: checked, operators: operators.map(asResult) };
}

function asResult({ since, ...finding }: ShownFinding) {
  return { ...finding, since: since.toString() };
}

async function chooseCases(
  work: Work,
  name: string | undefined,
  hasReason: boolean,
): Promise<readonly OpenCase[]> {
  const cases = await listCases(work.db, work.vault);
  if (name === undefined) return cases;
  if (hasReason) return [await openCaseNamed(work, name)];
  // A real name is not looked up: that would confirm it.
  const found = cases.find(({ case: of }) => of.code === name.toUpperCase());
  if (found !== undefined) return [found];
  throw new RogatoryError(
    "case.unknown",
    `There is no case with the code “${name}”: rogatory case list shows the codes. A real name needs --reason.`,
  );
}

function withoutPeople(text: string): string {
  return text.replace(/@[^\s:@]+:[^\s,;()]+/g, "somebody");
}
