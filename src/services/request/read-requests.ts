import { findRequest, listRequests } from "../../db/repositories/requests.ts";
import { RogatoryError } from "../../domain/errors.ts";
import {
  formatRequestNumber,
  type LegalRequest,
  type RequestNumber,
} from "../../domain/request/request.ts";
import { type Place, visibleFrom } from "../visibility.ts";
import type { CaseWork } from "../work.ts";

/** Requests that may be named in this place, by instrument and number. */
export async function requestsSeenFrom(
  work: CaseWork,
  place: Place,
): Promise<readonly LegalRequest[]> {
  const visible = await visibleFrom(work, place);
  const requests = await listRequests(work.db, work.seal, work.caseId);
  return requests.filter(({ room }) => visible(room));
}

/** @throws RogatoryError `request.unknown`, also for one that may not be named in this place */
export async function requestSeenFrom(
  work: CaseWork,
  place: Place,
  number: RequestNumber,
): Promise<LegalRequest> {
  const visible = await visibleFrom(work, place);
  const request = await findRequest(work.db, work.seal, work.caseId, number);
  if (request !== undefined && visible(request.room)) return request;
  throw new RogatoryError(
    "request.unknown",
    `There is no request ${formatRequestNumber(number)} here. !request list shows them.`,
  );
}
