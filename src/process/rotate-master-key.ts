import type { Config } from "../config/config.ts";
import { readJournalHead } from "../db/repositories/journal.ts";
import { RogatoryError } from "../domain/errors.ts";
import { type RotatedKeys, rotateKeys } from "../services/keys/rotate-keys.ts";
import { readMasterKey } from "../vault/master-key.ts";
import { Vault } from "../vault/vault.ts";
import { clockOf } from "./clock.ts";
import { withStoppedBots } from "./stopped-bots.ts";

/**
 * Changes the master key of a deployment whose bots are stopped. Repeating it is harmless.
 *
 * @param newKeyFile file with the key that is to seal the database from now on
 * @throws RogatoryError `bots.running`, `vault.master-key`, `keys.same`, `vault.wrong-key`
 */
export async function rotateMasterKey(
  config: Config,
  newKeyFile: string,
  reason: string,
): Promise<RotatedKeys & { readonly changed: boolean }> {
  const before = readMasterKey(config.secrets.masterKey);
  const after = readMasterKey({ file: newKeyFile });
  if (before.equals(after)) {
    throw new RogatoryError(
      "keys.same",
      "The new master key is the one that is in use: make another with `openssl rand -hex 32`.",
    );
  }
  const from = new Vault(before);
  const to = new Vault(after);
  return withStoppedBots(config, async (db) => {
    const { signature } = await db.transaction().execute(readJournalHead);
    if (signature?.publicKey === to.signer.publicKey) {
      return { changed: false, values: {}, publicKey: to.signer.publicKey };
    }
    const now = clockOf(config.clock).now();
    return { changed: true, ...(await rotateKeys(db, { from, to, now, reason })) };
  });
}
