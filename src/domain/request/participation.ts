import { RogatoryError } from "../errors.ts";
import { formatDate } from "../time/format.ts";
import {
  findInstrument,
  type Instrument,
  type InstrumentCatalogue,
  type NotParticipating,
} from "./instrument.ts";
import { type StateCode, stateAsSubject } from "./states.ts";

/**
 * Refuses an instrument that one of the States does not take part in, and says what to use instead.
 *
 * @throws RogatoryError `request.not-bound`
 */
export function checkParticipation(
  catalogue: InstrumentCatalogue,
  instrument: Instrument,
  issuing: StateCode,
  executing: readonly StateCode[],
  today: Temporal.PlainDate,
): void {
  for (const state of [...executing, issuing]) {
    const rule = instrument.notParticipating.find(({ states }) =>
      states === "third-states" ? !catalogue.isMemberState(state, today) : states.includes(state),
    );
    if (rule === undefined) continue;
    const sentences = refusal(catalogue, rule, state, executing[0] ?? state);
    throw new RogatoryError("request.not-bound", sentences);
  }
}

function refusal(
  catalogue: InstrumentCatalogue,
  rule: NotParticipating,
  state: StateCode,
  target: StateCode,
): string {
  const { instrument, text, basis } = rule.use;
  const replacement = instrument === undefined ? undefined : findInstrument(catalogue, instrument);
  const routeWith = (one: StateCode) =>
    replacement?.bases.find(({ states }) => states.includes(one));
  const route = routeWith(state) ?? routeWith(target);
  const under = basis ?? route?.basis;
  const verified = rule.verified && (basis !== undefined || (route?.verified ?? true));
  const sentences = [
    `${rule.because.replaceAll("{State}", stateAsSubject(state))}: use ${text}.`,
    under === undefined ? "" : `Basis: ${under}${verified ? "" : " (not verified)"}.`,
    replacement === undefined ? "" : `Type: !request new ${replacement.code} to ${target}: …`,
  ];
  return sentences.filter((sentence) => sentence !== "").join(" ");
}

/** What the person must know about the time at which the instrument may be used; undefined if nothing. */
export function validityNotice(
  instrument: Instrument,
  today: Temporal.PlainDate,
): string | undefined {
  if (Temporal.PlainDate.compare(today, instrument.validFrom) < 0) {
    const { before } = instrument;
    const until =
      before === undefined
        ? ""
        : ` Until then use ${before.text}${before.basis === undefined ? "" : ` (${before.basis})`}.`;
    return `${instrument.legalBasis.act} applies only to what is transmitted from ${formatDate(instrument.validFrom)}${instrument.validFromVerified ? "" : " (not verified)"}: do not transmit this before.${until}`;
  }
  if (
    instrument.validTo !== undefined &&
    Temporal.PlainDate.compare(today, instrument.validTo) > 0
  ) {
    return `${instrument.legalBasis.act} applied to what was transmitted until ${formatDate(instrument.validTo)}: check what replaced it.`;
  }
  return undefined;
}
