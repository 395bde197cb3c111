import {
  type Block,
  fields,
  type Inline,
  type Line,
  strong,
} from "../documents/message/outcome.ts";
import {
  type ActionItem,
  formatActionNumber,
  isOverdue,
  parseActionNumber,
} from "../domain/action/action.ts";
import { formatDate, formatDay } from "../domain/time/format.ts";
import { UsageError, word } from "./argument.ts";

export const actionNumber = word(
  "number",
  "the number of the action item, such as A-001",
  (text) => {
    const number = parseActionNumber(text);
    if (number !== undefined) return number;
    throw new UsageError(`“${text}” is not the number of an action item: it looks like A-001.`);
  },
);

export function actionFields(action: ActionItem, zone: string): Block {
  const { due, completion } = action;
  const entries: (readonly [string, Line])[] = [
    ["Number", strong(formatActionNumber(action.number))],
    ["What", action.text],
    ["Who", action.owner.label],
    ...(due === undefined ? [] : [["Due", formatDay(due)] as const]),
    ["Status", action.status],
    ...(completion === undefined
      ? []
      : [
          [
            "Done",
            `by ${completion.by} on ${formatDate(completion.at.toZonedDateTimeISO(zone))}`,
          ] as const,
        ]),
  ];
  return fields(entries);
}

/** When it is due and what has become of it, in one cell. */
export function dueCell(action: ActionItem, today: Temporal.PlainDate): Inline {
  if (action.status === "done") return "done";
  if (action.due === undefined) return "no date";
  const day = formatDay(action.due);
  return isOverdue(action, today) ? strong(`${day} (overdue)`) : day;
}
