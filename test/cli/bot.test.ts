import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { statusText } from "../../src/cli/bot-status.ts";
import { verifyBot } from "../../src/cli/bot-verify.ts";
import type { OperationResult } from "../../src/process/operation-shapes.ts";
import { rogatory } from "./rogatory.ts";

type Step = OperationResult<"bot.verify.next">;

const nothing = { emoji: [], decimals: [] };
const person = { userId: "@leader:rogatory.localhost", deviceId: "PHONE" };
const comparing: Step = {
  kind: "comparing",
  person,
  emoji: [
    { symbol: "🐶", name: "Dog" },
    { symbol: "🔧", name: "Spanner" },
  ],
  decimals: [1234, 5678, 9012],
};

/** Plays the steps of a verification; the answer of the operator moves it on. */
async function play(
  steps: { readonly before: readonly Step[]; readonly confirmed: Step; readonly refused: Step },
  question: (signal: AbortSignal) => Promise<string>,
) {
  const asked: string[] = [];
  const lines: string[] = [];
  let settled: Step | undefined;
  const pending = [...steps.before];
  const stopping = new AbortController();
  const verified = await verifyBot(
    {
      "bot.verify.start": async () => ({ ticket: "1", userId: "@clerk:rogatory.localhost" }),
      async "bot.verify.next"() {
        return settled ?? (pending.length > 1 ? pending.shift() : pending[0]) ?? steps.refused;
      },
      async "bot.verify.confirm"() {
        asked.push("confirm");
        settled = steps.confirmed;
        return {};
      },
      async "bot.verify.cancel"({ mismatch }) {
        asked.push(mismatch ? "mismatch" : "cancel");
        settled = steps.refused;
        return {};
      },
    },
    {
      bot: "clerk",
      from: undefined,
      terminal: { line: (text = "") => void lines.push(text) },
      question: (_, signal) => question(signal),
      signal: stopping.signal,
      pauseMs: 1,
    },
  );
  return { verified, asked, text: lines.join("\n") };
}

const steps = {
  before: [{ kind: "waiting", ...nothing }, { kind: "accepted", person, ...nothing }, comparing],
  confirmed: { kind: "done", person, ...nothing },
  refused: { kind: "cancelled", person, ...nothing, code: "m.mismatched_sas", byUs: true },
} as const satisfies Parameters<typeof play>[0];

describe("rogatory bot verify", () => {
  it("shows emoji and numbers, and confirms when the operator says yes", async () => {
    const { verified, asked, text } = await play(steps, async () => "y");
    expect(verified).toBe(true);
    expect(asked).toEqual(["confirm"]);
    expect(text).toContain("@leader:rogatory.localhost (device PHONE) asks");
    expect(text).toContain("🐶 Dog   🔧 Spanner");
    expect(text).toContain("1234  5678  9012");
  });

  it.each(["n", "", "what?"])(
    "says that they differ when the operator types “%s”",
    async (typed) => {
      const { verified, asked, text } = await play(steps, async () => typed);
      expect(verified).toBe(false);
      expect(asked).toEqual(["mismatch"]);
      expect(text).toContain("Not verified");
    },
  );

  it("confirms nothing if the other side ends it while the operator compares", async () => {
    const cancelled: Step = { kind: "cancelled", person, ...nothing, code: "m.user", byUs: false };
    const ended = { ...steps, before: [comparing, cancelled] };
    const { verified, asked, text } = await play(ended, (signal) => {
      const { promise, reject } = Promise.withResolvers<string>();
      signal.addEventListener("abort", () => reject(new Error("aborted")));
      return promise;
    });
    expect(verified).toBe(false);
    expect(asked).toEqual([]);
    expect(text).toContain("cancelled by @leader:rogatory.localhost (m.user)");
  });
});

describe("rogatory bot status", () => {
  it("says what is wrong, and shows the fingerprint as clients do", () => {
    const text = statusText([
      {
        bots: ["clerk", "scribe"],
        userId: "@clerk:rogatory.localhost",
        deviceId: "RGT1",
        running: true,
        cryptoStore: true,
        ed25519: "abcdefghij",
        crossSigning: { published: true, deviceSigned: false },
        secretStorage: true,
        keyBackup: { version: "2", keys: 12, enabled: true },
        withheld: [{ code: "m.unverified", roomId: "!room", count: 3 }],
        undecryptable: [{ roomId: "!room", count: 2 }],
        lastSync: 4,
        problems: [{ code: "identity.unsigned", message: "Do something." }],
      },
    ]).join("\n");
    expect(text).toContain("abcd efgh ij");
    expect(text).toContain("device not signed");
    expect(text).toContain("version 2, 12 keys, in use");
    expect(text).toContain("3 × m.unverified in !room");
    expect(text).toContain("2 in !room");
    expect(text).toContain("Problem: Do something. [identity.unsigned]");
  });
});

describe("rogatory bot, before the bots were ever started", () => {
  let cwd: string;

  beforeAll(async () => {
    cwd = await mkdtemp(join(tmpdir(), "rogatory-bot-"));
    await writeFile(join(cwd, "key"), randomBytes(32).toString("hex"));
    await writeFile(
      join(cwd, "rogatory.yaml"),
      `homeserver:
  url: http://localhost:9
  serverName: example.org
  registrationFile: registration.yaml
bots: { scribe: rogatory_clerk }
vault:
  masterKeyFile: key
`,
    );
  });
  afterAll(() => rm(cwd, { recursive: true, force: true }));

  it("shows each account once, with what to do", async () => {
    const { code, output } = await rogatory(["bot", "status", "--json"], { cwd });
    expect(code).toBe(1);
    expect(JSON.parse(output)).toMatchObject([
      { bots: ["registrar"], problems: [{ code: "identity.none" }] },
      { bots: ["clerk", "scribe"], userId: "@rogatory_clerk:example.org" },
    ]);
  }, 60_000);

  it("has no recovery key to show, and verifies nothing", async () => {
    const shown = await rogatory(["bot", "recovery-key", "clerk", "--reason", "test"], { cwd });
    expect(shown).toMatchObject({ code: 1, output: "" });
    expect(shown.errors).toContain("[recovery-key.none]");
    const verified = await rogatory(["bot", "verify", "clerk"], { cwd });
    expect(verified.errors).toContain("[verification.not-running]");
    const unknown = await rogatory(["bot", "status", "butler"], { cwd });
    expect(unknown.errors).toContain("Allowed choices are registrar, clerk, scribe");
  }, 120_000);
});
