import { type KnownFinding, listFindings } from "../../db/repositories/guard-findings.ts";
import type { Case } from "../../domain/case/case.ts";
import type { RoomId } from "../../domain/ids.ts";
import { seatsOfCase } from "../member/case-seats.ts";
import type { CaseWork, Work } from "../work.ts";
import { OPERATORS_ROOM } from "./check-management.ts";
import { describeFinding } from "./finding-text.ts";

export interface ShownFinding {
  readonly roomId: RoomId;
  /** The room's neutral name. */
  readonly room: string;
  readonly kind: string;
  readonly what: string;
  readonly since: Temporal.Instant;
  /** `repairing`: it is being put right; `told`: people have to; `noted`: it may pass by itself. */
  readonly state: "repairing" | "told" | "noted";
}

/** What is not as it must be in the rooms of a case, as it was last found. */
export async function shownFindings(work: CaseWork, of: Case): Promise<readonly ShownFinding[]> {
  const names = new Map(
    (await seatsOfCase(work, of)).map(({ room, name }) => [room.roomId, name] as const),
  );
  const findings = await listFindings(work.db, work.caseId);
  return shown(findings, (roomId) => names.get(roomId) ?? roomId);
}

/** What is not as it must be in the operators' room, as it was last found. */
export async function shownManagementFindings({ db }: Work): Promise<readonly ShownFinding[]> {
  return shown(await listFindings(db, undefined), () => OPERATORS_ROOM);
}

function shown(
  findings: readonly KnownFinding[],
  nameOf: (roomId: RoomId) => string,
): readonly ShownFinding[] {
  return findings
    .filter(({ endedAt }) => endedAt === undefined)
    .map((finding) => {
      const { roomId, kind, since, toldAt, repairedEvidence, evidence } = finding;
      const repairing = repairedEvidence === evidence ? "repairing" : "noted";
      return {
        ...{ roomId, kind, since, room: nameOf(roomId) },
        what: describeFinding(finding),
        state: toldAt === undefined ? repairing : "told",
      };
    });
}
