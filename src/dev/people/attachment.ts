import { RogatoryError } from "../../domain/errors.ts";
import type { EncryptedFile } from "./message.ts";

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
