import { appendToJournal } from "../../db/repositories/journal.ts";
import { findManagement, lockManagement } from "../../db/repositories/management.ts";
import { readRoomStates } from "../../db/repositories/room-state.ts";
import { listMemberships } from "../../db/repositories/rooms.ts";
import { answer, paragraph, strong } from "../../documents/message/outcome.ts";
import type { BotAccounts } from "../../domain/case/bots.ts";
import { findDrift } from "../../domain/guard/findings.ts";
import type { UserId } from "../../domain/ids.ts";
import { MANAGEMENT_LANE, reportToOperators } from "../management/report.ts";
import type { Work } from "../work.ts";
import type { UnsignedDevices } from "./check-case.ts";
import { expectManagement } from "./expectation.ts";
import { describeFinding, describeOutlookForOperators } from "./finding-text.ts";
import { type GuardedRoom, type GuardScope, settleFindings } from "./settle-findings.ts";

/** How the operators' room is called in the log and in what is shown of it. */
export const OPERATORS_ROOM = "Operators' room";

/**
 * Looks at the operators' room as far as the database knows it, and does about it what is to be done:
 * as with the rooms of cases, but whoever is no operator is taken out, for only we let people in.
 *
 * @param devices undefined if nobody has looked at them
 */
export async function checkManagement(
  work: Work,
  bots: BotAccounts,
  devices?: UnsignedDevices,
): Promise<void> {
  await lockManagement(work.db);
  const management = await findManagement(work.db);
  const roomId = management?.roomId;
  if (management === undefined || roomId === undefined) return;
  const state = (await readRoomStates(work.db, [roomId])).get(roomId);
  if (state === undefined) return;
  const members = await listMemberships(work.db, [roomId]);
  const kicked = await kicksUnderWay(work);
  const isUnderWay = ({ kind, subject }: { readonly kind: string; readonly subject: string }) =>
    kind === "outsider" && kicked.has(subject);
  const room: GuardedRoom = { name: OPERATORS_ROOM, roomId, reference: { management: true } };
  const joined = members.filter(({ membership }) => membership === "join");
  const found = findDrift(expectManagement(management.operators, bots), {
    ...{ state, members },
    unsignedDevices: new Map(
      joined.flatMap(({ userId }) => {
        const unsigned = devices?.get(userId);
        return unsigned === undefined ? [] : [[userId, unsigned] as const];
      }),
    ),
  }).filter((finding) => !isUnderWay(finding));
  await settleFindings(
    managementScope(work, bots.registrar),
    found.map((finding) => ({ room, finding })),
    (known) =>
      known.roomId !== roomId ||
      (!isUnderWay(known) && (known.kind !== "unsigned-device" || devices !== undefined)),
  );
}

function managementScope(work: Work, registrar: UserId): GuardScope {
  const { db, vault, now } = work;
  return {
    ...{ work, caseId: undefined, seal: vault.system, registrar },
    async tell({ finding }, outlook, cause) {
      const by = finding.sender === undefined ? "" : `, by ${finding.sender}`;
      await reportToOperators(work, registrar, {
        ...{ cause, slot: "report" },
        outcome: answer(
          paragraph("Guard: ", strong("this room"), `: ${describeFinding(finding)}${by}.`),
          paragraph(describeOutlookForOperators(finding.kind, outlook)),
        ),
      });
    },
    log: (act, details) =>
      appendToJournal(
        db,
        { vault },
        { at: now, actor: "registrar", caseId: undefined, act, details },
      ),
  };
}

/** Whoever was taken from the configuration is being taken out already. */
async function kicksUnderWay({ db }: Work): Promise<ReadonlySet<string>> {
  const prefix = `kick:${MANAGEMENT_LANE}:`;
  const rows = await db
    .selectFrom("outbox")
    .select("lane")
    .where("state", "=", "pending")
    .where("kind", "=", "kick")
    .where("lane", "like", `${prefix}%`)
    .execute();
  return new Set(rows.map(({ lane }) => lane.slice(prefix.length)));
}
