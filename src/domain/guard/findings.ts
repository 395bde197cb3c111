import type { UserId } from "../ids.ts";
import { canonical, integrationTypes, keptContent, type StateFact } from "./room-state.ts";

type Json = Readonly<Record<string, unknown>>;

/** What a room must be, from the same data from which it is made. */
export interface RoomExpectation {
  /** Wanted state events with an empty state key; those of other guarded types must not be there. */
  readonly state: readonly { readonly type: string; readonly content: Json }[];
  /** People who have a seat in the room. */
  readonly seated: ReadonlySet<string>;
  /** People of the roster, whatever their seats. */
  readonly roster: ReadonlySet<string>;
  /** People who were taken out of the room. */
  readonly barred: ReadonlySet<string>;
  /** The bots' accounts. */
  readonly bots: ReadonlySet<string>;
  /** Those of them that belong into the room. */
  readonly placedBots: ReadonlySet<string>;
  /** Whether nobody but us may let anybody in: whoever has no seat is taken out. */
  readonly takesOutOthers?: boolean;
}

/** What a room is, as the homeserver says. */
export interface RoomFacts {
  readonly state: readonly StateFact[];
  readonly members: readonly {
    readonly userId: UserId;
    readonly membership: string;
    /** Who brought it about, where that is known. */
    readonly sender?: string | undefined;
  }[];
  /** Devices that their owners have not signed, by owner. */
  readonly unsignedDevices: ReadonlyMap<UserId, readonly string[]>;
}

export type FindingKind =
  | "encryption"
  | "history-visibility"
  | "join-rule"
  | "guest-access"
  | "powers"
  | "name"
  | "topic"
  | "integration"
  | "replaced"
  | "barred"
  | "outsider"
  | "no-seat"
  | "stranger"
  | "taken-out"
  | "bot"
  | "unsigned-device";

/** What can be done about a finding without anybody being asked. */
export type Remedy =
  | { readonly kind: "set-state"; readonly type: string; readonly content: Json }
  /** As `set-state`, but people are told all the same: something may have been seen already. */
  | { readonly kind: "remove"; readonly type: string; readonly stateKey: string }
  | { readonly kind: "kick"; readonly userId: UserId }
  /** A bot leaves by itself. */
  | { readonly kind: "leave"; readonly userId: UserId }
  | { readonly kind: "follow"; readonly replacement: string }
  | { readonly kind: "tell" };

export interface Finding {
  readonly kind: FindingKind;
  /** Whom or what it is about; empty where there is one only. */
  readonly subject: string;
  /** What shows it: the id of an event, where there is one. Another one is another change. */
  readonly evidence: string;
  /** Who made the change, where that is known. */
  readonly sender: string | undefined;
  readonly remedy: Remedy;
}

const kinds: Readonly<Record<string, FindingKind>> = {
  "m.room.encryption": "encryption",
  "m.room.history_visibility": "history-visibility",
  "m.room.join_rules": "join-rule",
  "m.room.guest_access": "guest-access",
  "m.room.power_levels": "powers",
  "m.room.name": "name",
  "m.room.topic": "topic",
};

/** What a room without a topic has as one. */
const noTopic = { type: "m.room.topic", content: { topic: "" } } as const;

const present: ReadonlySet<string> = new Set(["join", "invite", "knock"]);

/** Findings about people who are taken out each time, however often others let them in. */
export const takenOutEachTime: ReadonlySet<string> = new Set<FindingKind>(["barred", "outsider"]);

/** Compares what a room must be with what it is. The same facts always give the same findings. */
export function findDrift(expected: RoomExpectation, facts: RoomFacts): readonly Finding[] {
  const replaced = findReplacement(facts.state);
  // A replaced room is closed by its homeserver in its own way; the new one is looked at instead.
  if (replaced !== undefined) return [replaced];
  return [
    ...findStateDrift(expected, facts.state),
    ...findIntegrations(facts.state),
    ...findMembers(expected, facts.members),
    ...[...facts.unsignedDevices].flatMap(([userId, devices]): Finding[] =>
      devices.length === 0 || expected.bots.has(userId)
        ? []
        : [
            {
              ...{ kind: "unsigned-device", subject: userId, sender: undefined },
              evidence: [...devices].sort().join(" "),
              remedy: { kind: "tell" },
            },
          ],
    ),
  ];
}

function findReplacement(state: readonly StateFact[]): Finding | undefined {
  const tombstone = state.find(
    ({ type, stateKey }) => type === "m.room.tombstone" && stateKey === "",
  );
  const replacement = tombstone?.content.replacement_room;
  if (tombstone === undefined || typeof replacement !== "string") return undefined;
  return {
    ...{ kind: "replaced", subject: replacement },
    evidence: tombstone.eventId,
    sender: tombstone.sender,
    remedy: { kind: "follow", replacement },
  };
}

function findStateDrift(
  { state: wanted }: RoomExpectation,
  state: readonly StateFact[],
): readonly Finding[] {
  const withTopic = wanted.some(({ type }) => type === noTopic.type)
    ? wanted
    : [...wanted, noTopic];
  return withTopic.flatMap(({ type, content }): Finding[] => {
    const kind = kinds[type];
    if (kind === undefined) return [];
    const fact = state.find((one) => one.type === type && one.stateKey === "");
    if (isAsWanted(type, content, fact?.content)) return [];
    return [
      {
        ...{ kind, subject: "" },
        evidence: fact?.eventId ?? "",
        sender: fact?.sender,
        remedy: { kind: "set-state", type, content },
      },
    ];
  });
}

/** Whether a state event says what it must. */
function isAsWanted(type: string, wanted: Json, found: Json | undefined): boolean {
  const kept = keptContent(type, wanted);
  if (type === "m.room.power_levels") return found !== undefined && samePowers(kept, found);
  return canonical(kept) === canonical(found ?? (type === noTopic.type ? {} : undefined));
}

/** Homeservers add settings of their own, and nobody needs an entry for the power that all have. */
function samePowers(wanted: Json, found: Json): boolean {
  return Object.entries(wanted).every(([key, value]) =>
    key === "users"
      ? canonical(withoutDefaults(value, wanted)) === canonical(withoutDefaults(found[key], found))
      : canonical(value) === canonical(found[key]),
  );
}

function withoutDefaults(users: unknown, { users_default: usual = 0 }: Json): Json {
  if (typeof users !== "object" || users === null) return {};
  return Object.fromEntries(Object.entries(users).filter(([, power]) => power !== usual));
}

function findIntegrations(state: readonly StateFact[]): readonly Finding[] {
  return state
    .filter(
      ({ type, content }) => integrationTypes.includes(type) && Object.keys(content).length > 0,
    )
    .map(({ type, stateKey, eventId, sender }) => ({
      ...{ kind: "integration", subject: `${type} ${stateKey}`, evidence: eventId, sender },
      remedy: { kind: "remove", type, stateKey },
    }));
}

function findMembers(
  { seated, roster, barred, bots, placedBots, takesOutOthers = false }: RoomExpectation,
  members: RoomFacts["members"],
): readonly Finding[] {
  return members.flatMap(({ userId, membership, sender }): Finding[] => {
    const about = { subject: userId, evidence: membership, sender } as const;
    if (!present.has(membership)) {
      if (!seated.has(userId) || !isTakenOut(membership, userId, sender, bots)) return [];
      // Nor is anybody brought back against a person.
      const evidence = `${membership} ${sender ?? ""}`.trim();
      return [{ ...about, kind: "taken-out", evidence, remedy: { kind: "tell" } }];
    }
    if (bots.has(userId)) {
      if (placedBots.has(userId)) return [];
      return [{ ...about, kind: "bot", remedy: { kind: "leave", userId } }];
    }
    // Of those who are in the room it is known only who has let them in last, if they have not joined.
    const by = { sender: membership === "invite" ? sender : undefined };
    if (barred.has(userId)) {
      return [{ ...about, ...by, kind: "barred", evidence: "", remedy: { kind: "kick", userId } }];
    }
    if (seated.has(userId)) return [];
    if (takesOutOthers) {
      return [
        { ...about, ...by, kind: "outsider", evidence: "", remedy: { kind: "kick", userId } },
      ];
    }
    // Whom a person has let in, a person has to take out: it may have been meant.
    const kind = roster.has(userId) ? "no-seat" : "stranger";
    return [{ ...about, ...by, kind, remedy: { kind: "tell" } }];
  });
}

/** Whether somebody else has done it; what the bots do is decided by people with a command. */
function isTakenOut(
  membership: string,
  userId: string,
  sender: string | undefined,
  bots: ReadonlySet<string>,
): boolean {
  if (sender !== undefined && bots.has(sender)) return false;
  return membership === "ban" || (sender !== undefined && sender !== userId);
}
