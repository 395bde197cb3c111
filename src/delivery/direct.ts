import type { Kysely } from "kysely";
import { z } from "zod";
import { recognise } from "../commands/dispatch.ts";
import { findCaseRoom, type OpenCase } from "../db/repositories/cases.ts";
import { type DirectState, readDirectState } from "../db/repositories/direct-rooms.ts";
import { findManagement } from "../db/repositories/management.ts";
import { listMembers } from "../db/repositories/rooms.ts";
import type { Database } from "../db/schema.ts";
import { readCaseSaid } from "../domain/case/case-said.ts";
import type { UserId } from "../domain/ids.ts";
import type { Decrypted, RawEvent } from "../matrix/crypto/crypto.ts";
import { ReceivedFile } from "../matrix/media/encrypted-file.ts";
import { casesOf } from "../services/case/own-cases.ts";
import { type Doubt, doubtOf } from "./doubt.ts";
import { isEdit, type RouterOptions, withoutQuotation } from "./router.ts";

/** Something said to a bot outside of the rooms of cases. */
export interface Direct {
  readonly account: UserId;
  readonly event: RawEvent;
  readonly text: string;
  /** Sent where a file may be the answer. */
  readonly file: SentFile | undefined;
  /** Whether nobody but the person and the bot is in the room. */
  readonly alone: boolean;
  /** Why it is not certain who has sent it. */
  readonly doubt: Doubt | undefined;
  readonly state: DirectState;
  /** The case that the message is about, if the person is on its roster still. */
  readonly open: OpenCase | undefined;
}

export interface SentFile {
  readonly name: string;
  readonly file: ReceivedFile;
}

const Message = z.object({
  msgtype: z.enum(["m.text", "m.file"]),
  body: z.string(),
  filename: z.string().optional(),
  file: ReceivedFile.optional(),
});

/**
 * What is said to a bot in a room of no case.
 *
 * @returns undefined if nobody expects an answer
 */
export async function routeDirect(
  db: Kysely<Database>,
  options: RouterOptions,
  account: UserId,
  event: RawEvent,
  { type, content, trust }: Extract<Decrypted, { kind: "message" }>,
): Promise<Direct | undefined> {
  const message = type === "m.room.message" ? Message.safeParse(content).data : undefined;
  if (message === undefined || isEdit(content)) return undefined;
  const { room_id: roomId, sender } = event;
  if ((await findCaseRoom(db, roomId)) !== undefined) return undefined;
  // An operator may be the only one who has joined it.
  if ((await findManagement(db))?.roomId === roomId) return undefined;
  const members = await listMembers(db, roomId, ["join", "invite"]);
  const alone = members.every(({ userId }) => userId === account || userId === sender);
  const isText = message.msgtype === "m.text";
  const text = isText ? withoutQuotation(message.body) : "";
  // Among others people talk to each other: only what is meant for a bot is answered.
  if (!alone && recognise(options.commands, text) === undefined) return undefined;
  const kept = await readDirectState(db, options.vault.system, { account, roomId });
  const state = kept?.person === sender ? kept : { person: sender };
  if (!isText && state.draft?.step !== "roster") return undefined;
  const own = await casesOf(db, options.vault, sender);
  const said = readCaseSaid(text, own);
  return {
    ...{ account, event, text, alone, state },
    file:
      isText || message.file === undefined
        ? undefined
        : { name: message.filename ?? message.body, file: message.file },
    doubt: doubtOf(trust, options.requireSignedDevices),
    // What is said of a new case is no other case's.
    open:
      state.draft !== undefined
        ? undefined
        : "of" in said
          ? said.of
          : own.find((open) => open.case.id === state.caseId),
  };
}
