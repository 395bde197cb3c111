import type { KyselyPlugin } from "kysely";
import { openDatabase } from "../../../../src/db/database.ts";
import { rotateKeys } from "../../../../src/services/keys/rotate-keys.ts";
import { Vault } from "../../../../src/vault/vault.ts";

const [directory = "", oldKey = "", newKey = "", statement = "0"] = process.argv.slice(2);
let left = Number(statement);

/** Ends the process as a power cut would, before the statement that is asked for. */
const killer: KyselyPlugin = {
  transformQuery({ node }) {
    left -= 1;
    if (left === 0) process.kill(process.pid, "SIGKILL");
    return node;
  },
  transformResult: async ({ result }) => result,
};

const db = await openDatabase({ kind: "pglite", directory });
await rotateKeys(db.withPlugin(killer), {
  from: new Vault(Buffer.from(oldKey, "hex")),
  to: new Vault(Buffer.from(newKey, "hex")),
  now: Temporal.Now.instant(),
  reason: "test",
});
await db.destroy();
