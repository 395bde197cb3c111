import { findManagement, planManagement, saveOperators } from "../../db/repositories/management.ts";
import { enqueueStep, type Step } from "../../db/repositories/outbox.ts";
import { answer, code, list, paragraph } from "../../documents/message/outcome.ts";
import type { UserId } from "../../domain/ids.ts";
import { roomContent } from "../case/room-content.ts";
import type { Work } from "../work.ts";
import { MANAGEMENT_LANE, operatorsKickLane, reportToOperators } from "./report.ts";

/** Only the creator may let anybody in: a leader's way of inviting colleagues has no place here. */
const closed = { invite: 100, kick: 100, ban: 100 } as const;

/** The body of the createRoom request for the operators' room, and what that room must stay like. */
export function managementContent(): Record<string, unknown> {
  const content = roomContent({
    ...{ name: "Operators", isSpace: false, federate: true, powers: new Map() },
  });
  return { ...content, power_level_content_override: withClosed(content) };
}

/**
 * Makes the operators' room where operators are configured, invites those who were added to the
 * configuration, and takes those out who were removed from it. Does nothing where nothing has changed.
 */
export async function ensureManagement(
  work: Work,
  registrar: UserId,
  operators: readonly UserId[],
): Promise<void> {
  const { db, vault, now } = work;
  const before = await findManagement(db);
  if (before === undefined && operators.length === 0) return;
  const enqueue = (lane: string, slot: string, step: Step, cause: string) =>
    enqueueStep(db, vault.system, now, {
      ...{ account: registrar, lane, caseId: undefined, step, cause, slot },
    });
  if (before === undefined) {
    await planManagement(db);
    const step: Step = { kind: "create-management", content: managementContent() };
    await enqueue(MANAGEMENT_LANE, "create", step, "management");
    await reportToOperators(work, registrar, {
      ...{ cause: "management", slot: "welcome" },
      outcome: answer(
        paragraph(
          "This is the operators' room of this deployment, end-to-end encrypted. The bots report here what an operator should know; cases are named by their codes only.",
        ),
        list([[code("!bots"), " shows how the bots are."]]),
      ),
    });
  }
  const known = new Set<UserId>(before?.operators ?? []);
  const wanted = new Set(operators);
  const cause = `management.${now.epochMilliseconds}`;
  // Nothing is encrypted for them from now on; no report that waits for a reader keeps them in the room.
  for (const userId of known) {
    if (wanted.has(userId)) continue;
    const step: Step = { kind: "kick", room: { management: true }, userId };
    await enqueue(operatorsKickLane(userId), `kick-${userId}`, step, cause);
  }
  for (const userId of wanted) {
    if (known.has(userId)) continue;
    const step: Step = { kind: "invite", room: { management: true }, userId };
    await enqueue(`${MANAGEMENT_LANE}:${userId}`, `invite-${userId}`, step, cause);
  }
  await saveOperators(db, [...wanted]);
}

function withClosed(content: Record<string, unknown>): object {
  const { power_level_content_override: powers } = content;
  return typeof powers === "object" && powers !== null ? { ...powers, ...closed } : closed;
}
