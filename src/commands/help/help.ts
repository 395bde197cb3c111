import { answer, code, list, type Outcome, paragraph } from "../../documents/message/outcome.ts";
import { RogatoryError } from "../../domain/errors.ts";
import { nearest } from "../../domain/text/nearest.ts";
import { optional, restOfMessage } from "../argument.ts";
import { type Command, defineCommand } from "../command.ts";
import { isPermitted } from "../permission.ts";

export default defineCommand({
  name: "help",
  bot: "registrar",
  capability: "help.read",
  summary: "list the commands you can use, or explain one",
  examples: ["help", "help meeting schedule"],
  arguments: { topic: optional(restOfMessage("command", "the command to explain")) },
  async handle({ commands, capabilities, case: of, answeredIn, eventId }, { topic }) {
    const available = commands.filter(({ capability }) =>
      isPermitted(capabilities, of, capability),
    );
    if (topic !== undefined) return explain(available, topic);
    const isDirect = eventId !== undefined && answeredIn === undefined;
    return overview(available, isDirect ? of.profile.name : undefined);
  },
});

/** @param name of the case, in a direct conversation, which can be about several */
function overview(available: readonly Command[], name: string | undefined): Outcome {
  return answer(
    paragraph("Commands you can use in this case:"),
    list(available.map((command) => [code(command.usage), ` — ${command.summary}`])),
    paragraph(code("!help meeting schedule"), " explains one of them with examples."),
    ...(name === undefined
      ? []
      : [
          paragraph(
            "In a direct conversation, ",
            code(`in ${name}`),
            " says what all further commands are about; before or after a command it counts for that command only.",
          ),
        ]),
  );
}

function explain(available: readonly Command[], topic: string): Outcome {
  const name = topic.replace(/^!/, "").trim().toLowerCase();
  const found = available.filter(
    (command) =>
      command.name === name ||
      command.aliases.includes(name) ||
      command.name.startsWith(`${name} `),
  );
  if (found.length === 0) {
    const guess = nearest(
      name,
      available.map((command) => command.name),
    );
    const hint = guess === undefined ? "!help lists them." : `Did you mean !help ${guess}?`;
    throw new RogatoryError("help.unknown", `There is no command “${name}” for you. ${hint}`);
  }
  return answer(...found.flatMap(explanation));
}

function explanation(command: Command) {
  return [
    paragraph(code(command.usage), ` — ${command.summary}.`),
    ...(command.arguments.length === 0
      ? []
      : [list(command.arguments.map(({ usage, summary }) => [code(usage), ` ${summary}`]))]),
    list(command.examples.map((example) => ["For example: ", code(`!${example}`)])),
  ];
}
