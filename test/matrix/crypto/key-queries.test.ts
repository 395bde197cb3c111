import { describe, expect, it } from "vitest";
import { KeyQueries } from "../../../src/matrix/crypto/key-queries.ts";

const [near, far] = ["@near:example.org", "@far:far.example"];

/** Asks about both, and is answered like this. */
async function ask(queries: KeyQueries, path = "/_matrix/client/v3/keys/query"): Promise<string> {
  const body = JSON.stringify({ device_keys: { [near]: [], [far]: [] } });
  const response = await queries.fetch(`https://example.org${path}?user_id=x`, { body });
  return response.text();
}

describe("a question about people's devices", () => {
  it("is answered only for those whose homeserver has answered", async () => {
    const answers = [
      Response.json({ errcode: "M_LIMIT_EXCEEDED" }, { status: 429 }),
      Response.json({ device_keys: {}, failures: { "far.example": {} } }),
      Response.json({ device_keys: {} }),
    ];
    const queries = new KeyQueries(async () => answers.shift() ?? Response.error());
    const unanswered = () => [near, far].filter((userId) => queries.isUnanswered(userId));
    expect(unanswered()).toEqual([]);
    await ask(queries);
    expect(unanswered()).toEqual([near, far]);
    // Who has asked still gets the whole answer.
    expect(await ask(queries)).toContain("far.example");
    expect(unanswered()).toEqual([far]);
    await ask(queries);
    expect(unanswered()).toEqual([]);
  });

  it("is unanswered while nobody answers, and nothing else is taken for one", async () => {
    const queries = new KeyQueries(async () => Promise.reject(new TypeError("fetch failed")));
    await expect(ask(queries, "/_matrix/client/v3/keys/claim")).rejects.toThrow();
    expect(queries.isUnanswered(near)).toBe(false);
    await expect(ask(queries)).rejects.toThrow();
    expect(queries.isUnanswered(near)).toBe(true);
  });
});
