import { takeNumber } from "../../db/repositories/counters.ts";
import { insertRequest } from "../../db/repositories/requests.ts";
import { RogatoryError } from "../../domain/errors.ts";
import type { Instrument, InstrumentCatalogue } from "../../domain/request/instrument.ts";
import type { RequestLine } from "../../domain/request/line.ts";
import { checkParticipation } from "../../domain/request/participation.ts";
import { formatRequestNumber, type LegalRequest } from "../../domain/request/request.ts";
import { type StateCode, stateAsSubject } from "../../domain/request/states.ts";
import { logAct } from "../acts.ts";
import type { Place } from "../visibility.ts";
import type { CaseWork } from "../work.ts";

/**
 * Creates a request as a draft. Rogatory keeps track of it and never transmits it.
 *
 * @param ownState State of the person who asks; issues the request when the line names none
 * @param today day of the message, where it was written
 * @throws RogatoryError `request.not-bound` with what to use instead; `request.issuing`,
 * `request.same-state`
 */
export async function createRequest(
  work: CaseWork,
  { room }: Place,
  line: RequestLine,
  catalogue: InstrumentCatalogue,
  ownState: StateCode | undefined,
  today: Temporal.PlainDate,
): Promise<LegalRequest> {
  const { instrument, executing, measure } = line;
  const issuing = line.issuing ?? ownState;
  if (issuing === undefined) {
    throw new RogatoryError(
      "request.issuing",
      "From which State? You are on the roster for none, so add it: “from RO”.",
    );
  }
  refuseSameState(instrument, issuing, executing);
  checkParticipation(catalogue, instrument, issuing, executing, today);
  const number = await takeNumber(work.db, work.caseId, `request:${instrument.code}`);
  const request: LegalRequest = {
    instrument: instrument.code,
    number,
    status: catalogue.statuses.initial,
    issuing,
    executing: [...executing],
    measure,
    room: room?.id,
  };
  await insertRequest(work.db, work.seal, work.caseId, request);
  await logAct(work, "request.create", {
    request: formatRequestNumber(request),
    issuing,
    executing,
    measure,
  });
  return request;
}

function refuseSameState(
  { code, sides }: Instrument,
  issuing: StateCode,
  executing: readonly StateCode[],
): void {
  if (!executing.includes(issuing)) return;
  throw new RogatoryError(
    "request.same-state",
    `${stateAsSubject(issuing)} cannot be ${sides.from} and ${sides.to} of one ${code}. Write “from” and another State.`,
  );
}
