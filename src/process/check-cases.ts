import type { Config } from "../config/config.ts";
import type { OpenCase } from "../db/repositories/cases.ts";
import { listCases } from "../db/repositories/cases.ts";
import type { CaseId } from "../domain/ids.ts";
import { checkCase } from "../services/guard/check-case.ts";
import { shownFindings } from "../services/guard/shown-findings.ts";
import type { CaseWork, Work } from "../services/work.ts";
import type { OperationResult } from "./operation-shapes.ts";

export interface CheckEnvironment {
  readonly config: Config;
  inTransaction<T>(work: (work: Work) => Promise<T>): Promise<T>;
  /** Asks the homeserver, where the bots run here. */
  checkCases?: ((cases: readonly CaseId[]) => Promise<void>) | undefined;
}

/**
 * Looks at cases and gives what is not as it must be. Without running bots nobody can ask the
 * homeserver, and what the database knows is judged.
 *
 * @param chosen undefined for all cases
 */
export async function checkCasesNow(
  { config, inTransaction, checkCases }: CheckEnvironment,
  chosen: ((work: Work) => Promise<OpenCase>) | undefined,
): Promise<OperationResult<"case.check">> {
  const cases = await inTransaction(async (work) =>
    chosen === undefined ? await listCases(work.db, work.vault) : [await chosen(work)],
  );
  await checkCases?.(cases.map(({ case: of }) => of.id));
  const checked: OperationResult<"case.check">["cases"] = [];
  for (const { case: of, seal } of cases) {
    const findings = await inTransaction(async (work) => {
      const actor = { kind: "bot", bot: "registrar" } as const;
      const on: CaseWork = { ...work, caseId: of.id, seal, actor };
      if (checkCases === undefined) await checkCase(on, { case: of, bots: config.bots });
      return shownFindings(on, of);
    });
    checked.push({
      code: of.code,
      findings: findings.map(({ since, ...finding }) => ({ ...finding, since: since.toString() })),
    });
  }
  return { asked: checkCases !== undefined, cases: checked };
}
