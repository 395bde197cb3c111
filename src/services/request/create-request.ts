import { roomTemplate } from "../../config/room-template.ts";
import { insertRequest } from "../../db/repositories/requests.ts";
import type { Case } from "../../domain/case/case.ts";
import { isAllowed, mayDraft, stateNameOf, stateOf, whatFirst } from "../../domain/case/life.ts";
import { RogatoryError } from "../../domain/errors.ts";
import type { Instrument, InstrumentCatalogue } from "../../domain/request/instrument.ts";
import type { RequestLine } from "../../domain/request/line.ts";
import { checkParticipation } from "../../domain/request/participation.ts";
import { formatRequestNumber, type LegalRequest } from "../../domain/request/request.ts";
import { type StateCode, stateAsSubject } from "../../domain/request/states.ts";
import { logAct } from "../acts.ts";
import { fingerprint } from "../fingerprint.ts";
import type { Place } from "../visibility.ts";
import type { CaseWork } from "../work.ts";

/**
 * Creates a request as a draft. Rogatory keeps track of it and never transmits it.
 *
 * @param ownState State of the person who asks; issues the request when the line names none
 * @param today day of the message, where it was written
 * @throws RogatoryError `request.not-bound` with what to use instead; `request.issuing`,
 * `request.same-state`, `request.state`
 */
export async function createRequest(
  work: CaseWork,
  { room, case: of }: Place,
  line: RequestLine,
  catalogue: InstrumentCatalogue,
  ownState: StateCode | undefined,
  today: Temporal.PlainDate,
): Promise<LegalRequest> {
  const { instrument, executing, measure } = line;
  refuseInState(of, instrument);
  const issuing = line.issuing ?? ownState;
  if (issuing === undefined) {
    throw new RogatoryError(
      "request.issuing",
      "From which State? You are on the roster for none, so add it: “from RO”.",
    );
  }
  refuseSameState(instrument, issuing, executing);
  checkParticipation(catalogue, instrument, issuing, executing, today);
  const { salt, sha256 } = fingerprint(measure);
  const request = await insertRequest(work.db, work.seal, work.caseId, {
    instrument: instrument.code,
    status: catalogue.statuses.initial,
    issuing,
    executing: [...executing],
    measure,
    room: room?.id,
    salt,
  });
  await logAct(work, "request.create", {
    request: formatRequestNumber(request),
    issuing,
    executing,
    measureSha256: sha256,
  });
  return request;
}

/** A JIT applies for funding when all have signed; for a JIT that is over nothing is gathered any more. */
function refuseInState(of: Case, { code }: Instrument): void {
  const { life } = roomTemplate(of.template);
  const name = stateNameOf(life, of.state);
  const state = stateOf(life, name);
  if (mayDraft(state, code)) return;
  const first = whatFirst(
    life,
    name,
    (later) => isAllowed(later, "request.create") && mayDraft(later, code),
  );
  throw new RogatoryError(
    "request.state",
    `No ${code} is drafted while the case is ${state.title}. ${first}`,
  );
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
