import { z } from "zod";
import { RogatoryError } from "../../domain/errors.ts";
import { createFileKey, encryptFile } from "../../matrix/media/encrypted-file.ts";
import type { EncryptedFile } from "./message.ts";

const Uploaded = z.object({ content_uri: z.string().startsWith("mxc://") });

/** Encrypts an attachment and uploads it, without its name; gives what opens it. */
export async function uploadAttachment(
  homeserverUrl: string,
  accessToken: string,
  bytes: Uint8Array,
) {
  const { ciphertext, file } = encryptFile(bytes, createFileKey());
  const response = await fetch(`${homeserverUrl}/_matrix/media/v3/upload`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${accessToken}`,
      "content-type": "application/octet-stream",
    },
    body: ciphertext,
  });
  if (!response.ok) {
    throw new RogatoryError(
      "people.upload-refused",
      `The homeserver did not take an attachment (${response.status}).`,
    );
  }
  return { ...file, url: Uploaded.parse(await response.json()).content_uri };
}

/**
 * Downloads an encrypted attachment, checks it and decrypts it (client-server specification,
 * "Sending encrypted attachments").
 *
 * @throws RogatoryError `people.attachment-damaged` if the bytes are not those whose hash was sent
 */
export async function downloadAttachment(
  homeserverUrl: string,
  accessToken: string,
  file: EncryptedFile,
): Promise<Uint8Array> {
  const [, server = "", mediaId = ""] = /^mxc:\/\/([^/]+)\/([^/]+)$/.exec(file.url) ?? [];
  const address = `${homeserverUrl}/_matrix/client/v1/media/download/${encodeURIComponent(server)}/${encodeURIComponent(mediaId)}`;
  const response = await fetch(address, { headers: { authorization: `Bearer ${accessToken}` } });
  if (!response.ok) {
    throw new RogatoryError(
      "people.attachment-missing",
      `The homeserver did not hand out an attachment (${response.status}).`,
    );
  }
  return decryptAttachment(new Uint8Array(await response.arrayBuffer()), file);
}

/** Checks the hash of the ciphertext, then decrypts it. */
export async function decryptAttachment(
  ciphertext: Uint8Array<ArrayBuffer>,
  file: Pick<EncryptedFile, "key" | "iv" | "hashes">,
): Promise<Uint8Array> {
  const hash = Buffer.from(await crypto.subtle.digest("SHA-256", ciphertext));
  if (!hash.equals(Buffer.from(file.hashes.sha256, "base64"))) {
    throw new RogatoryError(
      "people.attachment-damaged",
      "An attachment is not the one that was sent: its hash differs.",
    );
  }
  const key = await crypto.subtle.importKey(
    "raw",
    Buffer.from(file.key.k, "base64url"),
    { name: "AES-CTR" },
    false,
    ["decrypt"],
  );
  // The upper half is random, the lower half counts the blocks.
  const counter = Buffer.from(file.iv, "base64");
  const clear = await crypto.subtle.decrypt(
    { name: "AES-CTR", counter, length: 64 },
    key,
    ciphertext,
  );
  return new Uint8Array(clear);
}
