import { countOffRecord, insertTakeaway } from "../../db/repositories/takeaways.ts";
import type { Case, CaseRoom } from "../../domain/case/case.ts";
import type { EventId } from "../../domain/ids.ts";
import { findSection, type PlannedSection } from "../../domain/report/sections.ts";
import { parseTakeaway } from "../../domain/takeaway/parse.ts";
import { formatTakeawayNumber, type Takeaway } from "../../domain/takeaway/takeaway.ts";
import { logAct } from "../acts.ts";
import { planReport } from "../report/report-plan.ts";
import type { CaseWork } from "../work.ts";

export interface TakeawayRequest {
  readonly case: Case;
  /** Gives the section when none is typed. */
  readonly room: CaseRoom | undefined;
  /** What followed the command: `#category section [rank=N] text`. */
  readonly typed: string;
  readonly eventId: EventId | undefined;
}

export type RecordedTakeaway =
  | {
      readonly kind: "recorded";
      readonly takeaway: Takeaway;
      readonly section: PlannedSection | undefined;
      /** False for what is kept but never printed in the report. */
      readonly inReport: boolean;
    }
  | { readonly kind: "counted"; readonly count: number };

/** Records a takeaway; throws RogatoryError `takeaway.*` with what to type instead. */
export async function recordTakeaway(
  work: CaseWork,
  { case: reported, room, typed, eventId }: TakeawayRequest,
): Promise<RecordedTakeaway> {
  const { categories, sections } = planReport(reported);
  const parsed = parseTakeaway(typed, { categories, sections, defaultSection: room?.section });
  if (parsed.kind === "counted") {
    const count = await countOffRecord(work.db, work.caseId);
    await logAct(work, "takeaway.count-off-record", {});
    return { kind: "counted", count };
  }
  const { draft } = parsed;
  const number = await insertTakeaway(work.db, work.seal, work.caseId, {
    ...draft,
    recordedAt: work.now.toString(),
    ...(work.actor.kind === "person" ? { recordedBy: work.actor.userId } : {}),
    ...(room === undefined ? {} : { room: room.id }),
    ...(eventId === undefined ? {} : { event: eventId }),
  });
  await logAct(work, "takeaway.record", { takeaway: formatTakeawayNumber(number) });
  return {
    kind: "recorded",
    takeaway: { number, ...draft },
    section: findSection(sections, draft.section),
    inReport: categories.some(({ tag, use }) => tag === draft.category && use === "report"),
  };
}
