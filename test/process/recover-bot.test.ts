import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/config.ts";
import { serveControl } from "../../src/process/control-socket.ts";
import { recoverBot } from "../../src/process/recover-bot.ts";

const folder = mkdtempSync(join(tmpdir(), "rogatory-recover-"));
writeFileSync(join(folder, "key"), randomBytes(32).toString("hex"));
writeFileSync(
  join(folder, "rogatory.yaml"),
  `homeserver: { url: "http://localhost:9", serverName: example.org, registrationFile: none.yaml }
vault: { masterKeyFile: key }
`,
);
const config = loadConfig(join(folder, "rogatory.yaml"), {});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a recovery", () => {
  it("is refused while a process serves the bots", async () => {
    const control = await serveControl(config.paths.socket, {});
    await expect(
      recoverBot(config, { bot: "clerk", recoveryKey: undefined }),
    ).rejects.toMatchObject({ code: "bots.running" });
    await control.close();
  });
});
