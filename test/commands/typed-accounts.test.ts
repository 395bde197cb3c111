import { describe, expect, it } from "vitest";
import { recognise } from "../../src/commands/dispatch.ts";
import { loadCommands } from "../../src/commands/registry.ts";
import { typedAccounts } from "../../src/commands/typed-accounts.ts";

const commands = await loadCommands();

describe("the accounts that are typed in a command", () => {
  it.each([
    ['!member add @analyst:example.org participant Europol "Analyst"', ["@analyst:example.org"]],
    ["!member add @one:example.org @two:example.org", ["@one:example.org"]],
    ["!member remove @analyst", []],
    ["!action add @analyst:example.org seize the registers", []],
    ["!membr add @analyst:example.org", []],
    ["good morning @analyst:example.org", []],
  ])("are the whole Matrix id in a command about the roster: %s", (line, accounts) => {
    expect(typedAccounts(recognise(commands, line))).toEqual(accounts);
  });
});
