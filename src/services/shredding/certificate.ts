import type { ShreddingRecord } from "../../db/repositories/shreddings.ts";
import { isSignedBy, type Signature, type Signer } from "../../vault/signing.ts";

/** Says what was destroyed, by what means, and what remains with whom. */
export interface ShreddingCertificate {
  readonly certificate: "rogatory-shredding/1";
  readonly case: { readonly code: string; readonly id: string };
  readonly reason: string;
  readonly requestedAt: string;
  readonly completedAt: string;
  readonly destroyed: {
    /**
     * The key that sealed the case's content, and the copy of it that the master key wrapped; 0 while
     * only classes of its data are destroyed.
     */
    readonly caseKeys: 0 | 1;
    /** Classes of data that were destroyed when their retention time was over. */
    readonly classes?: ShreddingRecord["classes"];
    /** Rows of the database, by table. */
    readonly rows: Readonly<Record<string, number>>;
    /** The case's rooms, and direct conversations with a bot in which it was spoken of. */
    readonly rooms: readonly {
      readonly roomId: string;
      readonly outcome: string;
      readonly directWith?: string | undefined;
    }[];
    readonly files: readonly { readonly uri: string; readonly outcome: string }[];
    /** Devices of the bots that were replaced, with the keys of messages that went with them. */
    readonly devices: ShreddingRecord["devices"];
  };
  readonly remains: readonly Remainder[];
}

export interface Remainder {
  readonly where: string;
  readonly what: string;
  readonly advice: string;
}

export type SignedCertificate = ShreddingCertificate & { readonly signature: Signature };

const certificatePurpose = "rogatory shredding certificate 1";

/** @param serverName of our homeserver */
export function writeCertificate(
  record: ShreddingRecord,
  serverName: string,
  signer: Signer,
): SignedCertificate {
  const certificate: ShreddingCertificate = {
    certificate: "rogatory-shredding/1",
    case: { code: record.code, id: record.caseId },
    reason: record.reason,
    requestedAt: record.requestedAt,
    completedAt: record.completedAt ?? "",
    destroyed: {
      caseKeys: record.keyDestroyed === false ? 0 : 1,
      ...(record.classes === undefined ? {} : { classes: record.classes }),
      rows: record.rows,
      rooms: record.rooms,
      files: record.media,
      devices: record.devices,
    },
    remains: remainders(record, serverName),
  };
  const signature = signer.sign(certificatePurpose, JSON.stringify(certificate));
  return { ...certificate, signature };
}

/** Whether a certificate is as the deployment signed it; compare its key with the deployment's. */
export function isCertificateSigned({ signature, ...certificate }: SignedCertificate): boolean {
  return isSignedBy(signature, certificatePurpose, JSON.stringify(certificate));
}

function remainders(record: ShreddingRecord, serverName: string): readonly Remainder[] {
  const left = record.rooms.filter(
    ({ outcome, directWith }) => outcome === "left" && directWith === undefined,
  );
  // The bots' keys to them are gone; their people's clients have theirs.
  const conversations = record.rooms.filter(
    ({ outcome, directWith }) =>
      directWith !== undefined && (outcome === "left" || outcome === "kept"),
  );
  const kept = record.media.filter(({ outcome }) => outcome === "kept");
  return [
    ...(record.keyDestroyed === false
      ? [
          {
            where: "Rogatory",
            what: "What belongs to classes of data whose retention time is not over, sealed with the case's key.",
            advice: "It is destroyed by itself, class by class; the last one destroys the key.",
          },
        ]
      : []),
    {
      where: "Members' devices",
      what: "What members have read, downloaded or backed up with their own clients: messages, files, and the keys to them.",
      advice: "Ask every member to leave the rooms' copies, and to delete downloaded files.",
    },
    ...elsewhere(record, serverName),
    {
      where: "Older dumps of Rogatory's database",
      what: "Dumps from before hold the case's wrapped key: with the master key of their time they open the case's content and the keys of its messages.",
      advice:
        "Delete the dumps, or change the master key (rogatory keys rotate) and destroy every copy of the former one.",
    },
    {
      where: `Backups of the homeserver ${serverName}`,
      what: "Backups from before hold encrypted messages and files, who was in which room when, and encrypted key backups of members and bots. What the bots had there no longer opens with anything that Rogatory holds.",
      advice: "Let them expire as the homeserver's operators have laid down.",
    },
    {
      where: "Disks",
      what: "The database's files were written anew without the rows, but a database's journal (WAL) and a file system keep deleted blocks until they are overwritten.",
      advice:
        "Keep the databases on encrypted disks, and destroy those keys when disks are retired.",
    },
    {
      where: "The log of Rogatory",
      what: `Who did what kind of act on the case, and when.${
        record.keyDestroyed === false
          ? " Until the class of the log is destroyed, also, sealed, with which justification, and of members, meetings, states and the agreement what was done; of action items and requests only number, States, owner and day, and a hash of the text that nothing is left to compare with."
          : " What the acts were about no longer opens."
      }`,
      advice: "It is kept on purpose, as evidence of lawful processing.",
    },
    {
      where: "Exports and operators' copies",
      what: "Reports, logs and other files that were written out of the case.",
      advice: "Find and delete them where they were put.",
    },
    {
      where: `The homeserver ${serverName}: files of members`,
      what: "Encrypted files that members have uploaded themselves; only their devices know which belong to the case.",
      advice: "Let members delete them, or let the homeserver expire old media.",
    },
    ...(left.length === 0
      ? []
      : [
          {
            where: `The homeserver ${serverName}: rooms that were not purged`,
            what: `Encrypted messages of ${left.length} rooms that everybody was taken out of. The bots had no administrator's right to purge them.`,
            advice: `Ask a server administrator to purge: ${left.map(({ roomId }) => roomId).join(", ")}`,
          },
        ]),
    ...(conversations.length === 0
      ? []
      : [
          {
            where: `The homeserver ${serverName}: direct conversations with a bot`,
            what: `Encrypted messages of ${conversations.length} conversations in which somebody has asked a bot about the case, and that were not purged: the bots had no administrator's right to, or the conversation is about another case too. The bots have forgotten what was said in them, and cannot read it any more.`,
            advice: `Ask the people in them to leave them, and a server administrator to purge: ${conversations.map(({ roomId }) => roomId).join(", ")}`,
          },
        ]),
    ...(kept.length === 0
      ? []
      : [
          {
            where: `The homeserver ${serverName}: files that were not deleted`,
            what: `${kept.length} encrypted files of the bots, for the same want.`,
            advice: `Ask a server administrator to delete: ${kept.map(({ uri }) => uri).join(", ")}`,
          },
        ]),
  ];
}

/** A homeserver keeps what its people could see, whatever becomes of it on ours. */
function elsewhere({ homeservers }: ShreddingRecord, serverName: string): readonly Remainder[] {
  const copies =
    "encrypted copies of the messages of their rooms, and encrypted files that their server has fetched.";
  if (homeservers === undefined) {
    return [
      {
        where: "Other homeservers",
        what: `If members have accounts elsewhere: ${copies}`,
        advice: "Ask the operators of those homeservers to purge the rooms named above.",
      },
    ];
  }
  return homeservers
    .filter((name) => name !== serverName)
    .map((name) => ({
      where: `The homeserver ${name} and its backups`,
      what: `Members had accounts there. Who was in which room when, ${copies}`,
      advice: "Ask its operators to purge the rooms named above.",
    }));
}

/** The same certificate for people. */
export function certificateAsMarkdown(certificate: SignedCertificate): string {
  const { destroyed, remains, signature } = certificate;
  const rows = Object.entries(destroyed.rows);
  return `${[
    `# Certificate of destruction: ${certificate.case.code}`,
    "",
    `- Reason: ${certificate.reason}`,
    `- Begun: ${certificate.requestedAt}`,
    `- Completed: ${certificate.completedAt}`,
    `- Case id: ${certificate.case.id}`,
    "",
    "## Destroyed",
    "",
    ...(destroyed.caseKeys === 1
      ? ["- The key of the case, with which all its content was sealed, and its wrapped copy."]
      : []),
    ...(destroyed.classes ?? []).map(
      ({ title, source, destroyedAt }) => `- ${title}, on ${destroyedAt}. Retention: ${source}.`,
    ),
    `- ${total(rows.map(([, count]) => count))} rows of the database${rows.length === 0 ? "" : ` (${rows.map(([table, count]) => `${table} ${count}`).join(", ")})`}.`,
    ...outcomes(
      "room",
      destroyed.rooms.flatMap(({ roomId, outcome, directWith }) =>
        directWith === undefined ? [[roomId, outcome]] : [],
      ),
    ),
    ...outcomes(
      "direct conversation",
      destroyed.rooms.flatMap(({ roomId, outcome, directWith }) =>
        directWith === undefined ? [] : [[roomId, spokenWords[outcome] ?? outcome]],
      ),
    ),
    ...outcomes(
      "file",
      destroyed.files.map(({ uri, outcome }) => [uri, outcome]),
    ),
    ...destroyed.devices.map(
      ({ userId, former, present, keysDropped, keysKept }) =>
        `- ${userId}: device ${former} was deleted with its crypto store, its recovery key and its key backup; ${keysDropped ?? "all"} message keys of the case went with it. It is ${present ?? "a new device"} now${keysKept === undefined ? "" : `, with ${keysKept} keys of other rooms`}.`,
    ),
    "",
    "## What remains elsewhere",
    "",
    ...remains.map(({ where, what, advice }) => `- **${where}.** ${what} ${advice}`),
    "",
    "## Signature",
    "",
    `Ed25519 key of the deployment: \`${signature.publicKey}\``,
    "",
    `Signature over the JSON form: \`${signature.signature}\``,
  ].join("\n")}\n`;
}

function outcomes(noun: string, list: readonly (readonly [string, string])[]): readonly string[] {
  return list.map(([name, outcome]) => `- The ${noun} ${name}: ${words[outcome] ?? outcome}.`);
}

const words: Readonly<Record<string, string>> = {
  purged: "purged with all its events, and blocked",
  left: "everybody was taken out of it; not purged",
  deleted: "deleted",
  kept: "not deleted",
  gone: "was no longer on the homeserver",
};

const spokenWords: Readonly<Record<string, string>> = {
  left: "the bot left it and forgot what was said; not purged",
  kept: "it is about another case too; the bot forgot what was said before",
};

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
