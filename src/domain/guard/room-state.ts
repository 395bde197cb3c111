import { createHash } from "node:crypto";

/** A state event, as far as the guard looks at it. */
export interface StateFact {
  readonly type: string;
  readonly stateKey: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly sender: string;
  readonly eventId: string;
}

/** What brings a program of somebody else into a room: widgets, integrations, bridges. */
export const integrationTypes: readonly string[] = [
  "m.widget",
  "im.vector.modular.widgets",
  "m.bridge",
  "uk.half-shot.bridge",
];

/** The state events that the guard looks at. */
export const guardedTypes: readonly string[] = [
  "m.room.encryption",
  "m.room.history_visibility",
  "m.room.join_rules",
  "m.room.guest_access",
  "m.room.power_levels",
  "m.room.name",
  "m.room.topic",
  "m.room.tombstone",
  ...integrationTypes,
];

const freeText: ReadonlySet<string> = new Set(["m.room.name", "m.room.topic"]);

/**
 * What is kept of a state event's content. People may write anything into a name or a topic, the
 * subject of a case too: of these only a digest is kept, which is enough to see that it is another.
 */
export function keptContent(
  type: string,
  content: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  if (!freeText.has(type)) return content;
  const said = Object.entries(content).filter(([, value]) => value !== "");
  if (said.length === 0) return {};
  return {
    digest: createHash("sha256")
      .update(canonical(Object.fromEntries(said)))
      .digest("hex"),
  };
}

/** JSON in which equal values have equal texts, whatever the order of their keys. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
