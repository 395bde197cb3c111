import { z } from "zod";
import { PersonProfile } from "../../domain/case/person.ts";
import { UserId } from "../../domain/ids.ts";
import { asked, PendingChanges } from "./pending-changes.ts";

/** What is to be done with a person, who is on the roster or is to come onto it. */
export const MemberChange = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("remove"), reason: z.string().exactOptional() }),
  z.strictObject({ kind: z.literal("role"), role: z.string() }),
  z.strictObject({ kind: z.literal("add"), profile: PersonProfile }),
]);
export type MemberChange = z.infer<typeof MemberChange>;

const PendingDetails = z.strictObject({
  userId: UserId,
  change: MemberChange,
  ...asked,
});
export type PendingDetails = z.infer<typeof PendingDetails>;

/** Changes to the people of a case. */
export const memberChanges = new PendingChanges("member_change", "member-change", PendingDetails);
