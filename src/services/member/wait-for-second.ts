import { type MemberChange, memberChanges } from "../../db/repositories/member-changes.ts";
import type { Person } from "../../domain/case/person.ts";
import type { UserId } from "../../domain/ids.ts";
import { logAct } from "../acts.ts";
import { confirmableUntil, readSecondLeaders } from "../second-leader.ts";
import type { CaseWork } from "../work.ts";
import type { Registry } from "./case-seats.ts";

/** A change of the roster for which one leader is not enough. */
export interface WaitingChange {
  readonly kind: "waiting";
  readonly change: MemberChange;
  readonly number: number;
  /** A clause that says why. */
  readonly why: string;
  readonly until: Temporal.Instant;
  /** Who can agree to it; nobody but an operator where it is empty. */
  readonly seconds: readonly Person[];
}

export interface AskedChange {
  readonly userId: UserId;
  readonly change: MemberChange;
  readonly why: string;
  /** The State or body that is to have another leader. */
  readonly affiliation: string | undefined;
  readonly saidAt: Temporal.Instant;
}

/** Keeps a change until a second leader agrees. */
export async function waitForSecond(
  work: CaseWork,
  { case: of }: Registry,
  { userId, change, why, affiliation, saidAt }: AskedChange,
): Promise<WaitingChange> {
  const askedBy = work.actor.kind === "person" ? work.actor.userId : undefined;
  const number = await memberChanges.insert(work.db, work.seal, work.caseId, {
    userId,
    change,
    ...(askedBy === undefined ? {} : { askedBy }),
    askedAt: saidAt.toString(),
  });
  await logAct(work, "member.ask", { member: userId, change, number });
  const wish = { askedBy, concerned: userId, affiliation };
  const seconds = await readSecondLeaders(work, of.template, wish);
  return { kind: "waiting", change, number, why, until: confirmableUntil(saidAt), seconds };
}
