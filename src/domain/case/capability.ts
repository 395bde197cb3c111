import { z } from "zod";

/**
 * What a role may do. Room templates (`config/rooms/*.yaml`) give each role a set of these; code
 * never asks for a role's name.
 */
export const Capability = z.enum([
  "help.read",
  "meeting.schedule",
  "meeting.read",
  "action.add",
  "action.read",
  "action.complete",
  "request.create",
  "request.read",
  "takeaway.record",
  "takeaway.list",
  "report.draft",
  "member.read",
  "member.manage",
  "case.read",
  "case.manage",
]);
export type Capability = z.infer<typeof Capability>;

/** Whether a capability changes nothing of a case. */
export function onlyReads(capability: Capability): boolean {
  return /\.(read|list|draft)$/.test(capability);
}
