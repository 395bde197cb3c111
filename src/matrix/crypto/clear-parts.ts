import type { MatrixEvent } from "matrix-js-sdk";
import { z } from "zod";

const Type = z.string();
const Content = z.record(z.string(), z.unknown());

/**
 * Type and content of a decrypted event. Whoever encrypts may encrypt anything: what is no event is
 * given as one of no type and without content, which nobody understands.
 */
export function clearParts(event: Pick<MatrixEvent, "getType" | "getContent">): {
  readonly type: string;
  readonly content: Record<string, unknown>;
} {
  const type = Type.safeParse(event.getType());
  const content = Content.safeParse(event.getContent());
  if (!type.success || !content.success) return { type: "", content: {} };
  return { type: type.data, content: content.data };
}
