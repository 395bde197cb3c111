import { describe, expect, it } from "vitest";
import { UserId } from "../../../src/domain/ids.ts";
import { AccountHttp } from "../../../src/matrix/http.ts";
import { findUnknownAccounts } from "../../../src/matrix/provisioning/unknown-accounts.ts";
import { startFaultyServer } from "../../support/faulty-server.ts";

const idOf = (name: string) => UserId.parse(`@${name}:example.org`);
const people = Array.from({ length: 25 }, (_, index) => idOf(`p${index}`));
const missing = [idOf("p3"), idOf("p21")];

/** Asks a server that has no profile of some, and says so in this way. */
async function askWhere(status: number, body: string) {
  await using server = await startFaultyServer();
  server.answer = ({ url = "" }, response) => {
    const isMissing = missing.some((userId) => url.endsWith(encodeURIComponent(userId)));
    response.writeHead(isMissing ? status : 200).end(isMissing ? body : "{}");
  };
  return await findUnknownAccounts(new AccountHttp(server.url, "token"), people);
}

describe("accounts that a homeserver does not know", () => {
  // What Synapse really answers is tried in test/e2e/creation.test.ts.
  it.each(["M_NOT_FOUND", "M_UNKNOWN"])(
    "are those without a profile (%s), in their order",
    async (errcode) => {
      expect(await askWhere(404, JSON.stringify({ errcode }))).toEqual(missing);
    },
  );

  it.each([
    ["shows no profiles", 403, '{"errcode":"M_FORBIDDEN"}'],
    ["has no profiles", 404, '{"errcode":"M_UNRECOGNIZED"}'],
    ["is hidden by a proxy", 404, "<h1>Not found</h1>"],
    ["is down", 502, ""],
  ])("are not known where it %s", async (_, status, body) => {
    expect(await askWhere(status, body)).toBeUndefined();
  });

  it("are not known where nobody answers", async () => {
    const server = await startFaultyServer();
    await server[Symbol.asyncDispose]();
    expect(await findUnknownAccounts(new AccountHttp(server.url, "token"), people)).toBeUndefined();
  });
});
