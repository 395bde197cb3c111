import { type Block, fields, type Line, strong } from "../documents/message/outcome.ts";
import type { Instrument, StatusMachine } from "../domain/request/instrument.ts";
import {
  formatRequestNumber,
  type LegalRequest,
  parseRequestNumber,
} from "../domain/request/request.ts";
import { stateName } from "../domain/request/states.ts";
import { UsageError, word } from "./argument.ts";

export const requestNumber = word(
  "number",
  "the number of the request, such as EIO-001",
  (text) => {
    const number = parseRequestNumber(text);
    if (number !== undefined) return number;
    throw new UsageError(`“${text}” is not the number of a request: it looks like EIO-001.`);
  },
);

export function requestFields(
  request: LegalRequest,
  instrument: Instrument,
  statuses: StatusMachine,
): Block {
  const { act, articles } = instrument.legalBasis;
  const entries: (readonly [string, Line])[] = [
    ["Number", strong(formatRequestNumber(request))],
    ["Instrument", `${instrument.name} — ${act}, ${articles}${unverified(instrument)}`],
    [capitalised(instrument.sides.from), stateName(request.issuing)],
    [capitalised(instrument.sides.to), addresseeOf(request)],
    ["Measure", request.measure],
    ["Status", statusLabel(request, statuses)],
    ["Time limits", "not computed yet"],
  ];
  return fields(entries);
}

export function addresseeOf({ executing }: LegalRequest): string {
  return executing.length === 0 ? "Eurojust" : executing.map(stateName).join(", ");
}

export function statusLabel(request: LegalRequest, { statuses }: StatusMachine): string {
  return statuses[request.status]?.label ?? request.status;
}

function unverified({ verified }: Instrument): string {
  return verified ? "" : " (not verified)";
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
