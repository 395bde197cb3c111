import type { Outcome } from "./outcome.ts";
import { renderHtml, renderText } from "./render.ts";

/** An outcome as the content of a message: always a notice, which is never taken for a command. */
export function noticeContent(outcome: Outcome): Record<string, unknown> {
  return {
    msgtype: "m.notice",
    body: renderText(outcome),
    format: "org.matrix.custom.html",
    formatted_body: renderHtml(outcome),
  };
}
