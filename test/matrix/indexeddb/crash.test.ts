import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PGlite } from "@electric-sql/pglite";
import { Kysely, PGliteDialect } from "kysely";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { openStore } from "./support/databases.ts";
import { connect, resultOf } from "./support/promises.ts";

const rounds = Number(process.env.ROGATORY_CRASHES ?? 2);
const child = fileURLToPath(new URL("support/crash-child.ts", import.meta.url));

const Link = z.object({ transaction: z.int(), link: z.int(), links: z.int() });

/** Kills the writer some milliseconds after its first word; returns what it said. */
function writeAndKill(directory: string, milliseconds: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const writer = spawn(process.execPath, [child, directory], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    let complaint = "";
    writer.stderr.on("data", (data: Buffer) => {
      complaint += data.toString();
    });
    writer.stdout.on("data", (data: Buffer) => {
      if (said === "") setTimeout(() => writer.kill("SIGKILL"), milliseconds);
      said += data.toString();
    });
    writer.on("error", reject);
    writer.on("close", (_, signal) => {
      if (signal === "SIGKILL") resolve(said);
      else reject(new Error(`The writer ended by itself: ${complaint}`));
    });
  });
}

async function inspect(
  directory: string,
): Promise<{ readonly last: number; readonly links: z.infer<typeof Link>[] }> {
  const db = new Kysely<unknown>({
    dialect: new PGliteDialect({ pglite: await PGlite.create(directory) }),
  });
  const store = openStore(db);
  const database = await connect(store.indexedDB, "crash");
  const transaction = database.transaction(["head", "chain"]);
  // Nothing at all if the first transaction was not complete.
  const last = z
    .int()
    .default(0)
    .parse(await resultOf(transaction.objectStore("head").get("last")));
  const links = z.array(Link).parse(await resultOf(transaction.objectStore("chain").getAll()));
  const indexed = await resultOf(transaction.objectStore("chain").index("transaction").count());
  expect(indexed).toBe(links.length);
  database.close();
  await store.close();
  await db.destroy();
  return { last, links };
}

function highest(said: string, word: string): number {
  const numbers = [...said.matchAll(new RegExp(`^${word} (\\d+)$`, "gm"))].map((match) =>
    Number(match[1]),
  );
  return Math.max(0, ...numbers);
}

describe("a process that is killed while it writes", () => {
  it("leaves every transaction that was reported complete, and no part of another", {
    timeout: 600_000,
  }, async () => {
    const directory = await mkdtemp(join(tmpdir(), "rogatory-crash-"));
    try {
      for (let round = 0; round < rounds; round += 1) {
        const said = await writeAndKill(directory, Math.random() * 300);
        const { last, links } = await inspect(directory);
        expect(last).toBeGreaterThanOrEqual(highest(said, "complete"));
        expect(last).toBeLessThanOrEqual(highest(said, "started"));
        for (let number = 1; number <= last; number += 1) {
          const length = 1 + (number % 4);
          const firstLink = number + 10 <= last ? 1 : 0;
          const expected = Array.from(
            { length: length - firstLink },
            (_, place) => place + firstLink,
          );
          const found = links
            .filter((link) => link.transaction === number)
            .map((link) => link.link);
          expect([number, ...found]).toEqual([number, ...expected]);
        }
        expect(links.every((link) => link.transaction <= last)).toBe(true);
      }
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
