import { reportRules } from "../../config/report-template.ts";
import { roomTemplate } from "../../config/room-template.ts";
import {
  listCaseRooms,
  listPeople,
  type OpenCase,
  updateCaseProfile,
} from "../../db/repositories/cases.ts";
import { barFromRoom, listRemoved, lockCase } from "../../db/repositories/members.ts";
import { type Case, CaseProfile } from "../../domain/case/case.ts";
import type { CaseFile } from "../../domain/case/case-file.ts";
import { isAllowed, stateNameOf, stateOf } from "../../domain/case/life.ts";
import { RogatoryError } from "../../domain/errors.ts";
import { logAct } from "../acts.ts";
import { showBoards } from "../board/show-boards.ts";
import { enterMember } from "../member/add-member.ts";
import { waysOf } from "../member/entering.ts";
import type { CaseWork, Work } from "../work.ts";
import { type CaseRequest, type CreatedCase, createCase } from "./create-case.ts";
import { makeRooms } from "./make-rooms.ts";
import { type CaseDifference, compare, requireReason } from "./plan-case.ts";
import { planRooms } from "./plan-rooms.ts";
import { summariseRooms } from "./room-summary.ts";

export interface AppliedCase extends CreatedCase {
  /** What was added to a case that was there already. */
  readonly added: {
    readonly people: number;
    readonly rooms: number;
    /** Settings of the file that the case did not have. */
    readonly settings: readonly string[];
  };
  /** Sentences about what differs from the file and was left as it is. */
  readonly kept: readonly string[];
}

/**
 * Makes what a case file wants and is not there yet: the case, or in the case of this name new people
 * and rooms, and what its report needs if it had none. The same file again makes nothing. Nobody is
 * removed, and nothing that exists is changed.
 *
 * @throws RogatoryError `case.other-template`, `case.over`, and what `createCase` and `addMember` find wrong
 */
export async function applyCase(work: Work, request: CaseRequest): Promise<AppliedCase> {
  const difference = await compare(work, request);
  const { open } = difference;
  if (open === undefined) {
    return {
      ...(await createCase(work, request)),
      added: { people: 0, rooms: 0, settings: [] },
      kept: [],
    };
  }
  requireReason(request.actor);
  const { id: caseId, code } = open.case;
  await lockCase(work.db, caseId);
  // What has changed while the lock was waited for is seen now.
  const { newPeople, missingRooms, newFields, kept } = await compare(work, request);
  const ofCase: CaseWork = { ...work, caseId, seal: open.seal, actor: request.actor };
  const { bots, localPeople, cause } = request;
  const registry = { case: open.case, bots, localPeople, cause };
  const additions = newPeople.length + missingRooms.length + newFields.length;
  if (additions > 0) refuseOver(open.case);
  for (const { userId, profile } of newPeople) {
    await enterMember(ofCase, registry, userId, profile, {});
  }
  const sections = await addToProfile(ofCase, open, request.file, newFields);
  await addRooms(ofCase, request, open, missingRooms);
  if (additions + sections > 0) {
    await logAct(ofCase, "case.apply", {
      people: newPeople.length,
      rooms: missingRooms.map(({ name }) => name),
      sections,
      ...(request.actor.kind === "operator" ? { reason: request.actor.reason } : {}),
      ...(newFields.length === 0 ? {} : { fields: newFields }),
    });
  }
  // Also for a case from before its template had boards.
  await showBoards(ofCase, bots);
  return {
    ...{ caseId, code, created: false, kept },
    rooms: await summariseRooms(work, caseId),
    added: { people: newPeople.length, rooms: missingRooms.length, settings: newFields },
  };
}

/** The state of a case binds operators too. */
function refuseOver({ code, template, state: stored }: Case): void {
  const { life } = roomTemplate(template);
  const state = stateOf(life, stateNameOf(life, stored));
  if (isAllowed(state, "member.manage")) return;
  throw new RogatoryError(
    "case.over",
    `${code} is ${state.title}: nobody and nothing is added to it any more. Give a new case another name.`,
  );
}

/** @returns how many sections were added */
async function addToProfile(
  { db }: CaseWork,
  { case: of, seal }: OpenCase,
  { profile }: CaseFile,
  newFields: CaseDifference["newFields"],
): Promise<number> {
  const known = new Set(of.profile.agenda.map(({ code }) => code));
  const added = profile.agenda.filter(({ code }) => !known.has(code));
  if (added.length + newFields.length === 0) return 0;
  const agenda = [...of.profile.agenda, ...added];
  const fields = Object.fromEntries(newFields.map((key) => [key, profile[key]]));
  const changed = CaseProfile.parse({ ...of.profile, ...fields, agenda });
  if (newFields.includes("reportTemplate")) refuseFixedCodes(changed);
  await updateCaseProfile(db, seal, of.id, changed);
  return added.length;
}

/** Sections of a case that had no report yet may have the code of one that its report has by itself. */
function refuseFixedCodes({ agenda, reportTemplate }: CaseProfile): void {
  if (reportTemplate === undefined) return;
  const { before, after } = reportRules(reportTemplate).template;
  const fixed = [...before, ...after].map(({ code }) => code);
  const taken = agenda.find(({ code }) => fixed.includes(code));
  if (taken === undefined) return;
  throw new RogatoryError(
    "case.section-code",
    `The case has a section “${taken.code}”, and so has the report template ${reportTemplate} by itself: choose another report template.`,
  );
}

/** In the new rooms sits the whole roster, whoever stands in the file. */
async function addRooms(
  work: CaseWork,
  { file, bots, localPeople, cause }: CaseRequest,
  { case: of }: OpenCase,
  missing: CaseDifference["missingRooms"],
): Promise<void> {
  if (missing.length === 0) return;
  const { db, seal, caseId } = work;
  const template = roomTemplate(of.template);
  const existing = await listCaseRooms(db, caseId);
  const people = await listPeople(db, seal, caseId);
  const isMissing = ({ kind, section }: { kind: string; section: string | undefined }) =>
    missing.some((room) => room.kind === kind && room.section === section);
  const rooms = planRooms(of.code, { ...file, people }, template, bots)
    .filter(isMissing)
    .map((room, index) => ({ ...room, position: existing.length + index }));
  await makeRooms(work, rooms, {
    ...{ bots, cause, federate: template.federate, ways: waysOf(bots, localPeople) },
    space: existing.find(({ kind }) => kind === "space")?.id,
  });
  for (const userId of await listRemoved(db, caseId)) {
    for (const { id } of rooms) await barFromRoom(db, id, userId);
  }
}
