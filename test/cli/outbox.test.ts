import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { UserId } from "../../src/domain/ids.ts";
import { path } from "../../src/matrix/http.ts";
import { testDatabaseUrl } from "../support/database.ts";
import { openProgramCase, type ProgramCase } from "../support/program-case.ts";

const Steps = z.array(
  z.object({
    id: z.number(),
    account: z.string(),
    lane: z.string(),
    kind: z.string(),
    state: z.string(),
    failure: z.string().optional(),
  }),
);

let program: ProgramCase;

beforeAll(async () => {
  program = await openProgramCase(await testDatabaseUrl());
}, 180_000);
afterAll(() => program?.close());

/** The steps that wait or were given up, without the room's board, which is changed by acts. */
async function list(...options: readonly string[]) {
  const printed = await program.deployment.rogatory("outbox", "list", ...options, "--json");
  return Steps.parse(JSON.parse(printed)).filter(({ kind }) => !kind.endsWith("-board"));
}

/** Changes who is in the room, as one of the bots. */
function change(by: UserId, what: "kick" | "invite" | "join", body: object) {
  return program
    .botHttp(by)
    .json("POST", path`/_matrix/client/v3/rooms/${program.coordination}/${what}`, z.object({}), {
      body,
    });
}

/** So many attempts take minutes. */
function haveFailedOften() {
  return program.inDatabase((db) =>
    db
      .updateTable("outbox")
      .set({ attempts: 10, not_before: null })
      .where("account", "=", program.config.bots.clerk)
      .where("state", "=", "pending")
      .execute(),
  );
}

describe("rogatory outbox", { timeout: 240_000 }, () => {
  it("shows what was given up, lets one step go out once when its cause is gone, and another never", async () => {
    const { config, coordination, deployment, leader } = program;
    const { registrar, clerk } = config.bots;
    await leader.replyTo(await leader.say(coordination, "!help"));

    // The clerk reads two commands, but is not in the room any more when it answers.
    await program.stopBots();
    const red = await leader.say(coordination, "!action add follow the red parcel");
    const blue = await leader.say(coordination, "!action add follow the blue parcel");
    await change(registrar, "kick", { user_id: clerk });
    await program.startBots();
    await expect
      .poll(() => list(), { timeout: 60_000 })
      .toMatchObject([{ state: "pending", failure: "M_FORBIDDEN" }, { state: "pending" }]);
    expect(await list("--dead")).toEqual([]);

    await program.stopBots();
    await haveFailedOften();
    await program.startBots();
    await expect.poll(() => list("--dead"), { timeout: 60_000 }).toHaveLength(2);
    const dead = await list("--dead");
    const given = { account: clerk, lane: coordination, state: "dead", failure: "M_FORBIDDEN" };
    expect(dead).toMatchObject([given, given]);
    const shown = await deployment.rogatory("outbox", "list", "--dead");
    expect(shown).toContain("M_FORBIDDEN");
    expect(shown).not.toContain("parcel");

    await change(registrar, "invite", { user_id: clerk });
    await change(clerk, "join", {});
    const [first, second] = dead.map(({ id }) => String(id));
    const reason = ["--reason", "nobody needs it now"];
    await deployment.rogatory("outbox", "drop", second ?? "", ...reason);
    await deployment.rogatory("outbox", "retry", first ?? "");
    expect((await leader.replyTo(red)).body).toContain("red parcel");
    // Said after whatever the clerk still had to say.
    expect((await leader.replyTo(await leader.say(coordination, "!action list"))).body).toContain(
      "blue parcel",
    );
    expect(leader.repliesTo(red)).toHaveLength(1);
    expect(leader.repliesTo(blue)).toEqual([]);
    expect(await list()).toEqual([]);

    await program.stopBots();
    await program.startBots();
    await leader.replyTo(await leader.say(coordination, "!action list"));
    expect(leader.repliesTo(red)).toHaveLength(1);
    expect(leader.repliesTo(blue)).toEqual([]);
  });
});
