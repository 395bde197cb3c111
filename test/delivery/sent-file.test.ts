import { afterAll, beforeAll, expect, it } from "vitest";
import { readSentFile } from "../../src/delivery/sent-file.ts";
import { registerAccount } from "../../src/dev/homeserver/accounts.ts";
import { AccountHttp } from "../../src/matrix/http.ts";
import { createFileKey, encryptFile, ReceivedFile } from "../../src/matrix/media/encrypted-file.ts";
import { startTestHomeserver, type TestHomeserver } from "../support/homeserver.ts";

let homeserver: TestHomeserver;
let http: AccountHttp;
let token: string;
beforeAll(async () => {
  homeserver = await startTestHomeserver();
  token = (await registerAccount(homeserver, { localpart: "operator" })).accessToken;
  http = new AccountHttp(homeserver.url, token);
});
afterAll(() => homeserver?.stop());

async function upload(bytes: Uint8Array): Promise<ReceivedFile> {
  const { ciphertext, file } = encryptFile(bytes, createFileKey());
  const response = await fetch(`${homeserver.url}/_matrix/media/v3/upload`, {
    ...{ method: "POST", headers: { authorization: `Bearer ${token}` } },
    body: new Uint8Array(ciphertext),
  });
  const { content_uri: url } = JSON.parse(await response.text());
  return ReceivedFile.parse({ ...file, url });
}

it("a file that somebody has sent is read only if it is as it was sent, and small", async () => {
  const text = "localpart;function\nrо-pros;Prosecutor\n";
  const file = await upload(Buffer.from(text));
  expect(await readSentFile({ http }, { name: "people.csv", file })).toEqual({
    ...{ fileName: "people.csv", text },
  });
  const other = { ...file, hashes: { sha256: "AAAA" } };
  expect(await readSentFile({ http }, { name: "people.csv", file: other })).toEqual({
    problem: expect.stringContaining("did not arrive as it was sent"),
  });
  expect(await readSentFile({ http }, { name: "people.pdf", file })).toEqual({
    problem: expect.stringContaining("not a roster"),
  });
  const large = await upload(Buffer.alloc(1_000_001));
  expect(await readSentFile({ http }, { name: "people.csv", file: large })).toEqual({
    problem: expect.stringContaining("too large"),
  });
  const gone = { ...file, url: "mxc://rogatory.localhost/gone" };
  expect(await readSentFile({ http }, { name: "people.csv", file: gone })).toEqual({
    problem: expect.stringContaining("did not give me the file"),
  });
});
