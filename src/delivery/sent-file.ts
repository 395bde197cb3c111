import { HomeserverError, path, UnreachableError } from "../matrix/http.ts";
import { decryptFile } from "../matrix/media/encrypted-file.ts";
import type { Session } from "../matrix/session/session.ts";
import type { SentFile } from "./direct.ts";
import type { ReadFile } from "./execute-direct.ts";

/** A roster of a thousand people is much smaller. */
const MOST_BYTES = 1_000_000;

/** Downloads and decrypts a text file that somebody has sent. What fails is told as a sentence. */
export async function readSentFile(
  session: Pick<Session, "http">,
  { name, file }: SentFile,
): Promise<ReadFile> {
  if (!/\.(csv|txt|ya?ml)$/i.test(name)) {
    return { problem: "This is not a roster: send a file that ends in .csv or .yaml." };
  }
  const [server = "", mediaId = ""] = file.url.slice("mxc://".length).split("/");
  try {
    const ciphertext = await session.http.getBytes(
      path`/_matrix/client/v1/media/download/${server}/${mediaId}`,
      MOST_BYTES,
    );
    const clear = decryptFile(ciphertext, file);
    if (clear === undefined) {
      return { problem: "The file did not arrive as it was sent: please send it again." };
    }
    return { fileName: name, text: clear.toString("utf8") };
  } catch (error) {
    if (!(error instanceof HomeserverError) && !(error instanceof UnreachableError)) throw error;
    const isLarge = error instanceof HomeserverError && error.errcode === "TOO_LARGE";
    return {
      problem: isLarge
        ? "The file is too large for a roster: it has at most a million bytes."
        : "The homeserver did not give me the file: please send it again.",
    };
  }
}
