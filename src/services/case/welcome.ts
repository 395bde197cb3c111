import type { Welcome } from "../../config/room-template.ts";
import { answer, code, list, type Outcome, paragraph } from "../../documents/message/outcome.ts";

/**
 * What a room says to those who come. It says the case's real name: it must only be sent encrypted.
 */
export function welcomeOutcome(welcome: Welcome, caseName: string): Outcome {
  return answer(
    paragraph(welcome.text.replaceAll("{name}", caseName).trim()),
    ...(welcome.try.length === 0
      ? []
      : [paragraph("You can type:"), list(welcome.try.map((line) => code(line)))]),
  );
}
