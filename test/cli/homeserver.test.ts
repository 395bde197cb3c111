import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { rogatory } from "./rogatory.ts";

let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "rogatory-cli-"));
});

afterAll(async () => {
  await rogatory(["homeserver", "down"], { cwd });
  await rm(cwd, { recursive: true, force: true });
});

it("rogatory homeserver starts, answers, tells its state and its log, and stops", async () => {
  expect(await rogatory(["homeserver", "status"], { cwd })).toMatchObject({ code: 3 });
  await rogatory(["appservice", "--output", "registration.yaml"], { cwd });

  const args = ["homeserver", "up", "--port", "free", "--registration", "registration.yaml"];
  const up = await rogatory(args, { cwd });
  expect(up.errors).toBe("Starting the homeserver...\n");
  expect(up.code).toBe(0);
  const url = /http:\S+/.exec(up.output)?.[0];
  expect((await fetch(`${url}/health`)).status).toBe(200);

  expect((await rogatory(["homeserver", "status"], { cwd })).output).toContain(url);
  const logs = await rogatory(["homeserver", "logs", "--lines", "3"], { cwd });
  expect(logs.output.trim().split("\n")).toHaveLength(3);

  expect(await rogatory(["homeserver", "down"], { cwd })).toMatchObject({
    code: 0,
    output: "The homeserver was stopped.\n",
  });
  await expect(fetch(`${url}/health`)).rejects.toThrow();
  expect(await rogatory(["homeserver", "down"], { cwd })).toMatchObject({ code: 0 });
});
