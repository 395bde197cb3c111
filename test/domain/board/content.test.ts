import { expect, it } from "vitest";
import { loadCommands } from "../../../src/commands/registry.ts";
import { boardSources } from "../../../src/domain/board/content.ts";

it("names, for all that boards show, the commands that list it and add to it, with their bot", async () => {
  const commands = await loadCommands();
  for (const { bot, capability, list, add } of Object.values(boardSources)) {
    const listing = commands.find(({ name }) => `!${name}` === list);
    expect(listing).toMatchObject({ bot, capability });
    expect(commands.find(({ name }) => `!${name}` === add)).toMatchObject({ bot });
  }
});
