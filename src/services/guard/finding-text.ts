/** What a finding says, without the room: for people, and the same for operators. */
export function describeFinding({
  kind,
  subject,
}: {
  readonly kind: string;
  readonly subject: string;
}): string {
  switch (kind) {
    case "encryption":
      return "the encryption settings were changed";
    case "history-visibility":
      return "who may read older messages was changed";
    case "join-rule":
      return "who may join was changed";
    case "guest-access":
      return "whether guests may join was changed";
    case "powers":
      return "somebody's powers, or what they are needed for, were changed";
    case "name":
      return "the name was changed; the homeserver can read it";
    case "topic":
      return "a topic was set; the homeserver can read it";
    case "integration":
      return `a widget, integration or bridge was added (${subject})`;
    case "replaced":
      return `the room was replaced by ${subject}`;
    case "barred":
      return `${subject} was taken out of the room and is in it again`;
    case "outsider":
      return `${subject} is in the room, or invited, and is not an operator`;
    case "no-seat":
      return `${subject} is in the room, or invited, and has no seat there by role`;
    case "stranger":
      return `${subject} is in the room, or invited, and is not on the roster`;
    case "taken-out":
      return `${subject} has a seat in the room and was taken out of it`;
    case "bot":
      return `${subject}, a bot, is in the room, or invited, and has nothing to do there`;
    case "unsigned-device":
      return `${subject} has a device that they have not verified`;
    default:
      return kind;
  }
}

export type Outlook = "repaired" | "not-ours" | "again" | "in-vain";

/** What was done about it, or what people should do. */
export function describeOutlook(kind: string, outlook: Outlook, subject: string): string {
  switch (outlook) {
    case "repaired":
      if (kind === "barred") {
        return "I take them out each time. Somebody lets them in again and again: settle it among yourselves.";
      }
      return "I have taken it out. What it saw before that cannot be taken back: find out who added it.";
    case "again":
      return "I have put it right twice within an hour and leave it now, because somebody seems to want it so. Settle it among yourselves; I look again in an hour.";
    case "in-vain":
      return kind === "replaced"
        ? "The new room is not one of ours, so I do not follow. Do not go there; ask an operator to make a new room."
        : kind === "encryption"
          ? "I could not put it right. Encryption itself cannot be turned off in a room that had it, and I go on encrypting."
          : "I could not put it right. Ask an operator to look into it.";
    case "not-ours":
      return kind === "unsigned-device"
        ? "Their clients warn of it, and commands from it are refused. Ask them to verify it, or to sign it out."
        : kind === "taken-out"
          ? `I bring nobody back against a person. Settle it among yourselves: let them in again in your client, or take them off the roster (!member remove ${subject}).`
          : kind === "no-seat"
            ? `I let people be whom somebody has let in. Give them the role (!member role ${subject}), or take them out in your client.`
            : `I let people be whom somebody has let in. Take them out in your client, or put them on the roster (!member add ${subject}).`;
  }
}

/** The same for the operators' room, in which only the registrar has any power. */
export function describeOutlookForOperators(kind: string, outlook: Outlook): string {
  switch (outlook) {
    case "repaired":
      return kind === "outsider"
        ? "I take them out. What was said here meanwhile they may have read: find out who let them in."
        : "I have taken it out. What it saw before that cannot be taken back: find out who added it.";
    case "again":
      return "I have put it right twice within an hour and leave it now; I look again in an hour. Only who has the registrar's token, or a power that somebody was given with it, can do that: find out who.";
    case "in-vain":
      return kind === "replaced"
        ? "The new room is not one of ours, so I do not follow. Do not go there."
        : kind === "encryption"
          ? "I could not put it right. Encryption itself cannot be turned off in a room that had it, and I go on encrypting."
          : "I could not put it right: rogatory outbox list --dead says why.";
    case "not-ours":
      return kind === "unsigned-device"
        ? "Commands from it are refused. Verify it, or sign it out."
        : "I bring nobody back against a person. To have them invited again, start the bots once without them among the operators of the configuration, and then with them.";
  }
}
