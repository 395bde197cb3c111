import { findPerson } from "../db/repositories/cases.ts";
import { appendToJournal } from "../db/repositories/journal.ts";
import { describePerson } from "../domain/case/person.ts";
import { type CaseWork, nameActor } from "./work.ts";

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

/** How the actor is called in answers: function and affiliation, never a personal name. */
export async function describeActor(work: CaseWork): Promise<string> {
  if (work.actor.kind !== "person") return nameActor(work.actor);
  const person = await findPerson(work.db, work.seal, work.caseId, work.actor.userId);
  return person === undefined ? work.actor.userId : describePerson(person.profile);
}
