import type { Step } from "../../db/repositories/outbox.ts";
import type { BotAccounts } from "../../domain/case/bots.ts";
import { type LocalWay, type WaysIn, wayOf } from "../../domain/case/ways.ts";
import { type CaseRoomId, serverOf, type UserId } from "../../domain/ids.ts";

/** Ways in for the people of a deployment; without a configured one they are invited room by room. */
export function waysOf(bots: BotAccounts, localPeople: LocalWay | undefined): WaysIn {
  return { serverName: serverOf(bots.registrar), localPeople: localPeople ?? "invited" };
}

/** What brings a person into a room; undefined where they join from the space by themselves. */
export function enteringStep(
  { id, restricted }: { readonly id: CaseRoomId; readonly restricted?: boolean | undefined },
  userId: UserId,
  ways: WaysIn,
): Extract<Step, { kind: "invite" | "bring-in" }> | undefined {
  const room = { caseRoomId: id };
  switch (wayOf(userId, ways)) {
    case "joined":
      return { kind: "bring-in", room, userId };
    case "by-space":
      return restricted === true ? undefined : { kind: "invite", room, userId };
    case "invited":
      return { kind: "invite", room, userId };
  }
}
