import { roomTemplate } from "../../config/room-template.ts";
import { answer, paragraph, strong } from "../../documents/message/outcome.ts";
import { endOfAgreement } from "../../domain/case/agreement.ts";
import type { Case, CaseRoom } from "../../domain/case/case.ts";
import { isBinding, stateNameOf, stateOf, whatFirst } from "../../domain/case/life.ts";
import { RogatoryError } from "../../domain/errors.ts";
import { formatDate, formatDay } from "../../domain/time/format.ts";
import type { Registry } from "../member/case-seats.ts";
import type { CaseWork } from "../work.ts";
import { lockAndRead, requireAgreements, saveAgreement } from "./agreement.ts";
import { announce } from "./announce.ts";
import { stateBeforeLapse, undoLapse } from "./change-state.ts";

export interface Extension {
  /** The new last day. */
  readonly to: Temporal.PlainDate;
  /** When it was said, which may be long before it is handled. */
  readonly saidAt: Temporal.Instant;
  readonly room: CaseRoom | undefined;
  /** When the parties agreed on it, if an operator enters it later. */
  readonly agreedOn?: Temporal.PlainDate | undefined;
}

/**
 * Extends the period of the agreement, as the parties have agreed on Appendix II: before its end, for
 * afterwards there is nothing to extend. What was in time counts even if the end was noticed first:
 * then the case goes back into the state in which it was.
 *
 * @throws RogatoryError `case.agreement-missing`, `case.agreement-draft`, `case.agreement-over`,
 *   `case.agreement-earlier`, `case.agreement-agreed`
 */
export async function extendAgreement(
  work: CaseWork,
  registry: Registry,
  { to, saidAt, room, agreedOn }: Extension,
): Promise<Case> {
  const present = await lockAndRead(work);
  requireAgreements(present);
  const { agreement, timeZone } = present.profile;
  const period = agreement?.period;
  if (agreement === undefined || period === undefined) {
    throw new RogatoryError(
      "case.agreement-missing",
      "The case has no JIT agreement with a period yet: !case agreement set writes it down.",
    );
  }
  const before = await requireExtensible(work, present, period.to);
  const last = Temporal.PlainDate.from(period.to);
  const isInTime =
    agreedOn === undefined
      ? Temporal.Instant.compare(saidAt, endOfAgreement(period.to, timeZone)) < 0
      : Temporal.PlainDate.compare(agreedOn, last) <= 0;
  if (!isInTime) throw tooLate(last, agreedOn);
  if (agreedOn !== undefined) requirePast(agreedOn, saidAt.toZonedDateTimeISO(timeZone));
  if (Temporal.PlainDate.compare(to, last) <= 0) {
    throw new RogatoryError(
      "case.agreement-earlier",
      `The agreement runs until ${formatDate(last)} already: name a later day.`,
    );
  }
  const extended = { ...agreement, period: { from: period.from, to: to.toString() } };
  const dates = {
    saidAt: saidAt.toString(),
    recordedAt: work.now.toString(),
    ...(agreedOn === undefined ? {} : { agreedOn: agreedOn.toString() }),
    ...(work.actor.kind === "operator" ? { justification: work.actor.reason } : {}),
  };
  const changed = await saveAgreement(work, present, extended, "agreement.extend", dates);
  if (before === undefined) return changed;
  const again = await undoLapse(work, changed, before);
  const { title } = stateOf(roomTemplate(present.template).life, before);
  await announce(
    work,
    { ...registry, case: again },
    answer(
      paragraph(
        `The JIT agreement was extended in time, until the end of ${formatDay(to)}; it is only written down now. The case is again `,
        strong(title),
        ".",
      ),
    ),
    room,
  );
  return again;
}

/** @returns the state to which a case goes back that is only where it is because nothing was written down */
async function requireExtensible(
  work: CaseWork,
  of: Case,
  lastDay: string,
): Promise<string | undefined> {
  const { life } = roomTemplate(of.template);
  const name = stateNameOf(life, of.state);
  const state = stateOf(life, name);
  if (isBinding(state)) return undefined;
  const sentence =
    "An agreement that is not signed, or is over, is not extended. Before the signatures !case agreement set changes its period; after its end the parties make a new agreement, for a new case.";
  if (state.agreement === "draft") {
    throw new RogatoryError(
      "case.agreement-draft",
      `${sentence} ${whatFirst(life, name, isBinding)}`,
    );
  }
  const before = await stateBeforeLapse(work, of, lastDay);
  if (before === undefined) throw new RogatoryError("case.agreement-over", sentence);
  return before;
}

function tooLate(last: Temporal.PlainDate, agreedOn: Temporal.PlainDate | undefined) {
  const ended = `The agreement ended at the end of ${formatDay(last)}, before this`;
  return new RogatoryError(
    "case.agreement-over",
    agreedOn === undefined
      ? `${ended} was said: it is not extended any more. If the parties had agreed on the extension by then, an operator enters it: rogatory case agreement extend with --agreed-on and --reason.`
      : `${ended} was agreed: it is not extended any more. The parties make a new agreement, for a new case.`,
  );
}

function requirePast(agreedOn: Temporal.PlainDate, now: Temporal.ZonedDateTime): void {
  if (Temporal.PlainDate.compare(agreedOn, now.toPlainDate()) <= 0) return;
  throw new RogatoryError(
    "case.agreement-agreed",
    `${formatDate(agreedOn)} has not come yet: name the day on which the parties agreed.`,
  );
}
