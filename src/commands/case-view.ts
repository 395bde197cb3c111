import { answer, code, type Outcome, paragraph, strong } from "../documents/message/outcome.ts";
import { formatMoment } from "../domain/time/format.ts";
import { type ChangedState, stateNotes } from "../services/case/change-state.ts";

export function stateAnswer(changed: ChangedState, zone: string): Outcome {
  const { state } = changed;
  if (changed.kind === "done") {
    return answer(
      paragraph("The case is now ", strong(state.title), "."),
      ...stateNotes(state, changed.emptyAfterMinutes).map((note) => paragraph(note)),
    );
  }
  const until = formatMoment(changed.until.toZonedDateTimeISO(zone));
  return answer(
    paragraph(
      `Nothing is changed yet: two leaders decide that the case is ${state.title}. Another leader or co-chair types `,
      code(`!case confirm ${changed.number}`),
      ` by ${until}.`,
    ),
  );
}
