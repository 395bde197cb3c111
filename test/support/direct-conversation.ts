import { randomBytes } from "node:crypto";
import { answerError } from "../../src/commands/answers.ts";
import { loadCommands } from "../../src/commands/registry.ts";
import { enqueueStep } from "../../src/db/repositories/outbox.ts";
import { saveMembership } from "../../src/db/repositories/rooms.ts";
import { routeDirect } from "../../src/delivery/direct.ts";
import { executeDirect, noteAnswer, type ReadFile } from "../../src/delivery/execute-direct.ts";
import type { RouterOptions } from "../../src/delivery/router.ts";
import { noticeContent } from "../../src/documents/message/notice.ts";
import { renderText } from "../../src/documents/message/render.ts";
import { EventId, RoomId, UserId } from "../../src/domain/ids.ts";
import { type CaseHarness, harnessBots } from "./case-harness.ts";

export const operator = userIdOf("operator");

export function userIdOf(localpart: string): UserId {
  return UserId.parse(`@${localpart}:rogatory.localhost`);
}

export interface DirectMessage {
  readonly bot?: UserId;
  readonly room?: string;
  readonly others?: readonly UserId[];
  readonly unsigned?: boolean;
  readonly edit?: boolean;
  /** People of a draft whose account the homeserver does not know; undefined where it does not answer. */
  readonly unknownAccounts?: readonly UserId[] | undefined;
  readonly file?: { readonly name: string; readonly read: ReadFile };
}

export type Say = (
  sender: UserId,
  text: string,
  more?: DirectMessage,
) => Promise<string | undefined>;

const encryptedFile = {
  ...{ v: "v2", url: "mxc://rogatory.localhost/x", iv: "x", hashes: { sha256: "x" } },
  key: { alg: "A256CTR", k: "x" },
};

/**
 * Conversations of one person with one bot, on the database of a case and without Matrix. What is said
 * is answered with what the bot says; undefined if nothing.
 */
export async function converse(harness: CaseHarness, now: () => Temporal.Instant): Promise<Say> {
  const { db, vault } = harness;
  const options: RouterOptions = {
    ...{ vault, now, at: now },
    commands: await loadCommands(),
    accounts: harnessBots,
    requireSignedDevices: true,
    operators: [operator],
  };
  return async (sender, text, more = {}) => {
    const { bot = harnessBots.registrar, others = [], file } = more;
    const roomId = RoomId.parse(more.room ?? `!${sender.slice(1)}${bot.slice(1)}`);
    await db.transaction().execute(async (transaction) => {
      for (const userId of [bot, sender, ...others]) {
        await saveMembership(transaction, roomId, userId, "join");
      }
    });
    const event = {
      ...{ event_id: EventId.parse(`$${randomBytes(8).toString("hex")}`), room_id: roomId, sender },
      ...{ type: "m.room.encrypted", content: {}, origin_server_ts: 0 },
    };
    const content = {
      ...(file === undefined
        ? { msgtype: "m.text", body: text }
        : { msgtype: "m.file", body: file.name, file: encryptedFile }),
      ...(more.edit === true ? { "m.relates_to": { rel_type: "m.replace", event_id: "$x" } } : {}),
    };
    const direct = await routeDirect(db, options, bot, event, {
      ...{ kind: "message", type: "m.room.message", content },
      trust:
        more.unsigned === true
          ? { kind: "doubtful", reason: "UNSIGNED_DEVICE" }
          : { kind: "signed" },
    });
    if (direct === undefined) return undefined;
    try {
      const outcome = await db.transaction().execute(async (transaction) => {
        const read = direct.file === undefined ? undefined : file?.read;
        const given = await executeDirect(transaction, options, direct, {
          file: read,
          unknownAccounts: "unknownAccounts" in more ? more.unknownAccounts : [],
        });
        await noteAnswer(transaction, { account: bot, roomId }, given);
        await enqueueStep(transaction, given.open?.seal ?? vault.system, now(), {
          ...{ account: bot, lane: roomId, caseId: given.open?.case.id },
          step: {
            ...{ kind: "send", room: { roomId }, type: "m.room.message" },
            content: noticeContent(given.outcome),
          },
          ...{ cause: event.event_id, slot: "reply" },
        });
        return given.outcome;
      });
      return renderText(outcome);
    } catch (error) {
      return renderText(answerError(error, "test"));
    }
  };
}
