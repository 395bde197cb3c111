import { answer, code, type Outcome, paragraph } from "../documents/message/outcome.ts";
import { RogatoryError } from "../domain/errors.ts";
import type { Command } from "./command.ts";

/** The answer to a command that nobody knows: the nearest match and one usage line. */
export function answerUnknown(typed: string, guess: Command | undefined): Outcome {
  if (/^bots\b/i.test(typed)) {
    return answer(paragraph(code("!bots"), " is answered in the operators' room only."));
  }
  if (typed.toLowerCase() === "case new") {
    return answer(
      paragraph(
        "A case is created in a direct conversation of an operator with the registrar, or with ",
        code("rogatory case new"),
        ".",
      ),
    );
  }
  if (guess === undefined) {
    return answer(
      paragraph("There is no command ", code(`!${typed}`), ". ", code("!help"), " lists them."),
    );
  }
  return answer(
    paragraph("There is no command ", code(`!${typed}`), ". Did you mean ", code(guess.usage), "?"),
  );
}

/** The answer to a failure: the sentence for the person and the reference under which it is logged. */
export function answerError(error: unknown, reference: string): Outcome {
  if (error instanceof RogatoryError) {
    const lines = error.message.split("\n").map((line) => paragraph(line));
    return answer(...lines);
  }
  return answer(
    paragraph(
      "Something went wrong on our side; nothing was changed. Try again, and if it stays, give an operator the reference ",
      code(reference),
      ".",
    ),
  );
}
