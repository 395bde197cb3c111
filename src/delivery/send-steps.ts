import { z } from "zod";
import type { Step } from "../db/repositories/outbox.ts";
import type { EventId, RoomId } from "../domain/ids.ts";
import { HomeserverError, path } from "../matrix/http.ts";
import { createFileKey, encryptFile, FileKey } from "../matrix/media/encrypted-file.ts";
import { Sent, type StepRun } from "./step-run.ts";

const MediaAddress = z.object({ content_uri: z.string().regex(/^mxc:\/\/[^/]+\/[^/]+$/) });
const Upload = z.strictObject({ uri: z.string(), fileKey: FileKey, done: z.boolean() });

/** The only way in which anything is said: as ciphertext. */
export async function sendEncrypted(
  roomId: RoomId,
  type: string,
  content: Record<string, unknown>,
  { session, transactionId }: StepRun,
): Promise<EventId> {
  const encrypted = await session.encrypt(roomId, type, content);
  const { event_id: eventId } = await session.http.json(
    "PUT",
    path`/_matrix/client/v3/rooms/${roomId}/send/m.room.encrypted/${transactionId}`,
    Sent,
    { body: encrypted },
  );
  return eventId;
}

export async function sendFile(
  roomId: RoomId,
  step: Extract<Step, { kind: "send-file" }>,
  run: StepRun,
): Promise<EventId> {
  const bytes = Buffer.from(step.bytesBase64, "base64");
  const { uri, file } = await uploadOnce(bytes, run);
  const content = {
    msgtype: "m.file",
    body: step.fileName,
    filename: step.fileName,
    info: { mimetype: step.mimeType, size: bytes.length },
    file: { ...file, url: uri },
    ...(step.inReplyTo === undefined
      ? {}
      : { "m.relates_to": { "m.in_reply_to": { event_id: step.inReplyTo } } }),
  };
  return sendEncrypted(roomId, "m.room.message", content, run);
}

/** Where the file is, encrypted, and what opens it. */
async function uploadOnce(
  bytes: Buffer,
  run: StepRun,
): Promise<{ readonly uri: string; readonly file: ReturnType<typeof encryptFile>["file"] }> {
  const kept = run.progress === null ? undefined : Upload.parse(run.progress);
  const upload = kept ?? (await reserveUpload(run));
  const { ciphertext, file } = encryptFile(bytes, upload.fileKey);
  if (upload.done) return { uri: upload.uri, file };
  try {
    await putMedia(upload.uri, ciphertext, run.session);
  } catch (error) {
    // Nothing was put there in time (a day, in Synapse): the address is void.
    const isVoid = error instanceof HomeserverError && error.errcode === "M_NOT_FOUND";
    if (kept === undefined || !isVoid) throw error;
    return uploadOnce(bytes, { ...run, progress: null });
  }
  await run.saveProgress({ ...upload, done: true });
  return { uri: upload.uri, file };
}

/** The address is reserved and kept before anything is uploaded, so that nothing is uploaded twice. */
async function reserveUpload(run: StepRun): Promise<z.infer<typeof Upload>> {
  const { content_uri: uri } = await run.session.http.json(
    "POST",
    "/_matrix/media/v1/create",
    MediaAddress,
    { body: {} },
  );
  const upload = { uri, fileKey: createFileKey(), done: false };
  await run.saveProgress(upload);
  return upload;
}

/** The name of the file is clear text for the server, and so it is not given. */
async function putMedia(
  uri: string,
  ciphertext: Buffer,
  session: StepRun["session"],
): Promise<void> {
  const [server = "", mediaId = ""] = uri.slice("mxc://".length).split("/");
  try {
    await session.http.putBytes(
      path`/_matrix/media/v3/upload/${server}/${mediaId}`,
      ciphertext,
      "application/octet-stream",
    );
  } catch (error) {
    const isThere =
      error instanceof HomeserverError && error.errcode === "M_CANNOT_OVERWRITE_MEDIA";
    if (!isThere) throw error;
  }
}
