import { type RoomTemplate, roomTemplate } from "../config/room-template.ts";
import {
  answer,
  code,
  fields,
  list,
  type Outcome,
  paragraph,
  strong,
} from "../documents/message/outcome.ts";
import { describePerson } from "../domain/case/person.ts";
import { nearest } from "../domain/text/nearest.ts";
import { formatMoment } from "../domain/time/format.ts";
import type { ChangedMember } from "../services/member/change-member.ts";
import { type Argument, UsageError, word } from "./argument.ts";

/** Somebody of the roster, as typed. */
export const memberName = word(
  "@name",
  "the Matrix id of somebody on the roster, or its first part",
  (text) => text,
);

/** A role of the case's template. */
export const roleName: Argument<string> = word(
  "role",
  "a role of this kind of case, such as leader or member",
  (text, { case: of }) => {
    const { roles } = roomTemplate(of.template);
    const wanted = text.toLowerCase();
    if (wanted in roles) return wanted;
    const guess = nearest(wanted, Object.keys(roles));
    const hint = guess === undefined ? "" : ` Did you mean ${guess}?`;
    throw new UsageError(`“${text}” is not a role: use ${Object.keys(roles).join(", ")}.${hint}`);
  },
);

export function roleTitle({ roles }: RoomTemplate, role: string): string {
  return roles[role]?.title ?? role;
}

export function changeAnswer(
  changed: ChangedMember,
  template: RoomTemplate,
  zone: string,
): Outcome {
  if (changed.kind === "added") {
    const { person, rooms } = changed;
    return answer(
      paragraph("On the roster now; nothing that was said before can be read by them."),
      fields([
        ["Who", strong(describePerson(person.profile))],
        ["Matrix id", person.userId],
        ["Role", roleTitle(template, person.profile.role)],
        ["Time zone", person.profile.timeZone],
        ["Invited to", rooms.join(", ")],
      ]),
    );
  }
  if (changed.kind === "done") {
    const { person, change } = changed;
    const who = strong(describePerson(person.profile));
    return change.kind === "remove"
      ? answer(
          paragraph(
            who,
            ` (${person.userId}) is removed from the case and from all its rooms. What was received before stays on their devices.`,
          ),
        )
      : answer(
          paragraph(
            who,
            ` (${person.userId}) is now `,
            strong(roleTitle(template, change.role)),
            ".",
          ),
        );
  }
  const until = formatMoment(changed.until.toZonedDateTimeISO(zone));
  const { seconds, number, why } = changed;
  return answer(
    paragraph(
      `Nothing is changed yet: ${why}, so that a second leader must agree. ${
        seconds.length === 0 ? "No leader can, but an operator:" : "One of these types"
      } `,
      code(`!member confirm ${number}`),
      ` by ${until}${seconds.length === 0 ? "." : ":"}`,
    ),
    ...(seconds.length === 0
      ? []
      : [list(seconds.map(({ userId, profile }) => [`${describePerson(profile)}, ${userId}`]))]),
  );
}
