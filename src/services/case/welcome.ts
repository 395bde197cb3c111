import type { Welcome } from "../../config/room-template.ts";

/**
 * The content of the message that a room begins with. It says the case's real name: it must only be
 * sent encrypted. Who joins later cannot read it (`history_visibility: joined`) and is sent it again.
 */
export function welcomeContent(
  welcome: Welcome,
  caseName: string,
): { msgtype: string; body: string; format: string; formatted_body: string } {
  const text = welcome.text.replaceAll("{name}", caseName).trim();
  const lines = welcome.try;
  return {
    msgtype: "m.notice",
    body: [text, "You can type:", ...lines.map((line) => `• ${line}`)].join("\n"),
    format: "org.matrix.custom.html",
    formatted_body: [
      `<p>${escapeHtml(text)}</p><p>You can type:</p><ul>`,
      ...lines.map((line) => `<li><code>${escapeHtml(line)}</code></li>`),
      "</ul>",
    ].join(""),
  };
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
