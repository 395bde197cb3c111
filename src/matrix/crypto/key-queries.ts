import { z } from "zod";

const Query = z.object({ device_keys: z.record(z.string(), z.unknown()) });
const Answer = z.object({ failures: z.record(z.string(), z.unknown()).default({}) });

/**
 * Watches what matrix-js-sdk asks about people's devices: it tells nobody whether the homeserver has
 * answered, and an unanswered question must not look like the answer that there are none.
 */
export class KeyQueries {
  readonly #unanswered = new Set<string>();
  readonly #fetch: typeof fetch;

  constructor(through: typeof fetch = fetch) {
    this.#fetch = through;
  }

  /** Whether the last question about this person's devices has had no answer. */
  isUnanswered(userId: string): boolean {
    return this.#unanswered.has(userId);
  }

  async fetch(...[resource, options]: Parameters<typeof fetch>): Promise<Response> {
    const people = peopleIn(resource, options);
    for (const userId of people) this.#unanswered.add(userId);
    const response = await this.#fetch(resource, options);
    if (people.length > 0 && response.ok) await this.#note(people, response.clone());
    return response;
  }

  async #note(people: readonly string[], response: Response): Promise<void> {
    const answer = Answer.safeParse(await response.json().catch(() => undefined)).data;
    if (answer === undefined) return;
    // Homeservers of others that ours could not ask.
    const failed = new Set(Object.keys(answer.failures));
    for (const userId of people) {
      if (!failed.has(userId.slice(userId.indexOf(":") + 1))) this.#unanswered.delete(userId);
    }
  }
}

function peopleIn(...[resource, options]: Parameters<typeof fetch>): readonly string[] {
  const address = resource instanceof Request ? resource.url : String(resource);
  if (!new URL(address).pathname.endsWith("/keys/query")) return [];
  if (typeof options?.body !== "string") return [];
  const query = Query.safeParse(JSON.parse(options.body));
  return query.success ? Object.keys(query.data.device_keys) : [];
}
