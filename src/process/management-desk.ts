import { countParked } from "../db/repositories/inbox.ts";
import {
  answer,
  type Line,
  list,
  type Outcome,
  paragraph,
  strong,
  table,
} from "../documents/message/outcome.ts";
import { shownManagementFindings } from "../services/guard/shown-findings.ts";
import { type ListedStep, listSteps } from "../services/outbox/outbox-steps.ts";
import type { Vault } from "../vault/vault.ts";
import { botAccounts } from "./bot-accounts.ts";
import { describeAccount, type StatusEnvironment } from "./bot-status.ts";
import type { OperationResult } from "./operation-shapes.ts";
import { countStandbys } from "./standbys.ts";

type Account = OperationResult<"bot.status">[number];

/** How the bots are, for operators: the answer to `!bots`. */
export async function describeBots(
  environment: StatusEnvironment & { readonly vault: Vault },
): Promise<Outcome> {
  const { config, db, vault, now } = environment;
  const accounts = await Promise.all(
    botAccounts(config.bots).map((account) => describeAccount(account, environment)),
  );
  const { steps, findings } = await db.transaction().execute(async (transaction) => {
    const work = { db: transaction, vault, now: now() };
    return {
      steps: await listSteps(work, { dead: false }),
      findings: await shownManagementFindings(work),
    };
  });
  const parked = await countParked(db);
  const standbys = config.database.kind === "pglite" ? undefined : await countStandbys(db);
  return answer(
    table(
      ["Account", "Bots", "Runs", "Last sync", "To send", "Given up", "Unreadable", "Set aside"],
      accounts.map((account) => [
        ...rowOf(account, steps),
        String(parked.get(account.userId) ?? 0),
      ]),
    ),
    ...problemsOf(accounts),
    ...(findings.length === 0
      ? []
      : [list(findings.map(({ what }): Line => [strong("This room"), `: ${what}.`]))]),
    paragraph(
      standbys === undefined
        ? "No other process can stand by: the database is PGlite."
        : `Processes that stand by: ${standbys}.`,
    ),
  );
}

function rowOf(account: Account, steps: readonly ListedStep[]): readonly Line[] {
  const count = (state: string) =>
    String(steps.filter((step) => step.account === account.userId && step.state === state).length);
  return [
    strong(account.userId),
    account.bots.join(", "),
    account.running ? "yes" : "no",
    account.lastSync === undefined ? "" : `${account.lastSync} s ago`,
    ...[count("pending"), count("dead")],
    String(account.undecryptable.reduce((sum, room) => sum + room.count, 0)),
  ];
}

function problemsOf(accounts: readonly Account[]) {
  const problems = accounts.flatMap(({ userId, problems: found }) =>
    found.map(({ message }): Line => [strong(userId), `: ${message}`]),
  );
  return problems.length === 0 ? [] : [list(problems)];
}
