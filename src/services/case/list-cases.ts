import { roomTemplate } from "../../config/room-template.ts";
import { stateNameOf } from "../../domain/case/life.ts";
import type { Work } from "../work.ts";

/** A case with what the homeserver may know of it too: its real name is shown only with a reason. */
export interface CaseSummary {
  readonly code: string;
  readonly template: string;
  /** As the template names it. */
  readonly state: string;
  readonly createdAt: string;
  readonly people: number;
  readonly rooms: { readonly made: number; readonly planned: number };
}

/** All cases, oldest first. */
export async function summariseCases({ db }: Pick<Work, "db">): Promise<readonly CaseSummary[]> {
  const rows = await db
    .selectFrom("case_file")
    .select((expression) => [
      "code",
      "template",
      "state",
      "created_at",
      expression
        .selectFrom("person")
        .whereRef("person.case_id", "=", "case_file.id")
        .where("person.removed_at", "is", null)
        .select(({ fn }) => fn.countAll<number>().as("count"))
        .as("people"),
      expression
        .selectFrom("case_room")
        .whereRef("case_room.case_id", "=", "case_file.id")
        .select(({ fn }) => fn.countAll<number>().as("count"))
        .as("planned"),
      expression
        .selectFrom("case_room")
        .whereRef("case_room.case_id", "=", "case_file.id")
        .select(({ fn }) => fn.count<number>("room_id").as("count"))
        .as("made"),
    ])
    .where("shredded_at", "is", null)
    .orderBy("created_at")
    .orderBy("code")
    .execute();
  return rows.map(({ code, template, state, created_at, people, planned, made }) => ({
    code,
    template,
    state: stateNameOf(roomTemplate(template).life, state ?? undefined),
    createdAt: created_at,
    people: people ?? 0,
    rooms: { made: made ?? 0, planned: planned ?? 0 },
  }));
}
