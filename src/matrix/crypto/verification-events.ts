/** Types of in-room verification events, as a sync filter takes them. */
export const verificationEventTypes = ["m.room.message", "m.key.verification.*"] as const;

/**
 * Whether an event belongs to a verification in a room ("Key verification framework"). Clients on
 * matrix-js-sdk send these in clear text even where the room is encrypted; others encrypt them.
 */
export function isVerificationEvent(event: {
  readonly type: string;
  readonly content: Readonly<Record<string, unknown>>;
}): boolean {
  return (
    event.type.startsWith("m.key.verification.") ||
    (event.type === "m.room.message" && event.content.msgtype === "m.key.verification.request")
  );
}
