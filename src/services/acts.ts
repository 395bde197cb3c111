import { findCase, findPerson } from "../db/repositories/cases.ts";
import { appendToJournal } from "../db/repositories/journal.ts";
import { describePerson } from "../domain/case/person.ts";
import type { CaseId } from "../domain/ids.ts";
import { type CaseWork, nameActor, type Work } from "./work.ts";

/** Appends an act on the case to the log, by the actor and at the instant of the work. */
export async function logAct(
  work: CaseWork,
  act: string,
  details: Readonly<Record<string, unknown>>,
): Promise<void> {
  await appendToJournal(work.db, work, {
    at: work.now,
    actor: nameActor(work.actor),
    caseId: work.caseId,
    act,
    details,
  });
}

/**
 * Appends what an operator has decided about the deployment's own work: to the log of the case that it
 * belongs to, if it still belongs to one.
 */
export async function logDecision(
  { db, vault, now }: Work,
  caseId: CaseId | undefined,
  act: string,
  details: Readonly<Record<string, unknown>>,
): Promise<void> {
  const open = caseId === undefined ? undefined : await findCase(db, vault, caseId);
  await appendToJournal(
    db,
    { vault, ...(open === undefined ? {} : { seal: open.seal }) },
    { at: now, actor: "operator", caseId: open?.case.id, act, details },
  );
}

/** How the actor is called in answers: function and affiliation, never a personal name. */
export async function describeActor(work: CaseWork): Promise<string> {
  if (work.actor.kind !== "person") return nameActor(work.actor);
  const person = await findPerson(work.db, work.seal, work.caseId, work.actor.userId);
  return person === undefined ? work.actor.userId : describePerson(person.profile);
}
