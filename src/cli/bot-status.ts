import type { OperationResult } from "../process/operation-shapes.ts";

type Account = OperationResult<"bot.status">[number];

/** A paragraph for each account. */
export function statusText(accounts: OperationResult<"bot.status">): readonly string[] {
  return accounts.flatMap((account, index) => [...(index === 0 ? [] : [""]), ...describe(account)]);
}

function describe(account: Account): readonly string[] {
  const { crossSigning, keyBackup, withheld, undecryptable, problems } = account;
  const rows: readonly (readonly [label: string, text: string | undefined])[] = [
    ["Bots", account.bots.join(", ")],
    ["Served by", account.running ? "the running process" : "nobody that can be asked from here"],
    ["Last sync", account.lastSync === undefined ? undefined : `${account.lastSync} s ago`],
    ["Device", account.deviceId],
    ["Ed25519", account.ed25519 === undefined ? undefined : inGroups(account.ed25519)],
    ["Curve25519", account.curve25519 === undefined ? undefined : inGroups(account.curve25519)],
    ["Crypto store", account.cryptoStore ? "in the database" : "none"],
    [
      "Identity",
      crossSigning &&
        `${crossSigning.published ? "published" : "not published"}, device ${crossSigning.deviceSigned ? "signed" : "not signed"}`,
    ],
    [
      "Secret storage",
      account.secretStorage === undefined
        ? undefined
        : account.secretStorage
          ? "complete"
          : "incomplete",
    ],
    ["Key backup", keyBackup && describeBackup(keyBackup)],
    [
      "Withheld",
      withheld
        .map(
          ({ code, roomId, count }) =>
            `${count} × ${code}${roomId === undefined ? "" : ` in ${roomId}`}`,
        )
        .join(", ") || "no keys",
    ],
    [
      "Unreadable",
      undecryptable.map(({ roomId, count }) => `${count} in ${roomId}`).join(", ") || "no messages",
    ],
  ];
  return [
    account.userId,
    ...rows.flatMap(([label, text]) =>
      text === undefined ? [] : [`  ${`${label}:`.padEnd(16)}${text}`],
    ),
    ...problems.map(({ code, message }) => `  Problem: ${message} [${code}]`),
  ];
}

function describeBackup({ version, keys, enabled }: NonNullable<Account["keyBackup"]>): string {
  const state = enabled === undefined ? "" : enabled ? ", in use" : ", not in use";
  return `version ${version}, ${keys} keys${state}`;
}

/** In groups of four, as clients show it. */
function inGroups(fingerprint: string): string {
  return fingerprint.match(/.{1,4}/g)?.join(" ") ?? fingerprint;
}
