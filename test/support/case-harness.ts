import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import type { z } from "zod";
import { answerError, answerUnknown } from "../../src/commands/answers.ts";
import { recognise, run } from "../../src/commands/dispatch.ts";
import { loadCommands } from "../../src/commands/registry.ts";
import { capabilitiesOf, roomTemplate } from "../../src/config/room-template.ts";
import { openDatabase } from "../../src/db/database.ts";
import {
  findCase,
  findPerson,
  insertCase,
  insertCaseRoom,
  insertPerson,
  listCaseRooms,
  type OpenCase,
} from "../../src/db/repositories/cases.ts";
import type { Database } from "../../src/db/schema.ts";
import type { Outcome } from "../../src/documents/message/outcome.ts";
import { renderText } from "../../src/documents/message/render.ts";
import { CaseProfile } from "../../src/domain/case/case.ts";
import { PersonProfile } from "../../src/domain/case/person.ts";
import {
  CaseId,
  CaseRoomId,
  EventId,
  newId,
  PersonId,
  RoomId,
  UserId,
} from "../../src/domain/ids.ts";
import { Vault } from "../../src/vault/vault.ts";
import { testLocation } from "./database.ts";

export interface CaseHarness {
  readonly db: Kysely<Database>;
  readonly vault: Vault;
  readonly caseId: CaseId;
  /** Moves the instant at which the next message is sent and handled. */
  setNow(instant: string): void;
  /**
   * Types a message in a room (by kind, or section code) and gives the outcome, as the bots would handle it
   * now; it was sent now too, if not said otherwise.
   */
  say(localpart: string, room: string, body: string, sentAt?: string): Promise<Outcome>;
  /** The same, as the plain text that a person reads. */
  ask(localpart: string, room: string, body: string, sentAt?: string): Promise<string>;
  close(): Promise<void>;
}

/** A case on a real database in memory, without Matrix: the dispatch, the services and the rows are the real ones. */
export async function openCaseHarness(options: {
  readonly template: string;
  readonly profile: z.input<typeof CaseProfile>;
  readonly people: readonly (z.input<typeof PersonProfile> & { readonly localpart: string })[];
  readonly now: string;
  /** The state of the case; one in which all is allowed if it is left out. */
  readonly state?: string;
}): Promise<CaseHarness> {
  const db = await openDatabase(await testLocation());
  const vault = new Vault(randomBytes(32));
  const commands = await loadCommands();
  const caseId = newId(CaseId);
  const template = roomTemplate(options.template);
  let now = Temporal.Instant.from(options.now);
  const profile = CaseProfile.parse(options.profile);

  await db.transaction().execute(async (transaction) => {
    const seal = await insertCase(transaction, vault, now, {
      id: caseId,
      code: "TEST-0001",
      template: options.template,
      profile,
      state: options.state ?? stateAllowingAll(options.template),
    });
    for (const { localpart, ...person } of options.people) {
      await insertPerson(transaction, seal, {
        id: newId(PersonId),
        caseId,
        userId: userIdOf(localpart),
        profile: PersonProfile.parse(person),
      });
    }
    const rooms = template.rooms.flatMap((room): { kind: string; section: string | undefined }[] =>
      room.per !== "section"
        ? [{ kind: room.kind, section: undefined }].filter(() => room.per === "case")
        : profile.agenda
            .filter((entry) => entry.room)
            .map((entry) => ({ kind: room.kind, section: entry.code })),
    );
    for (const [position, room] of rooms.entries()) {
      await insertCaseRoom(transaction, {
        id: newId(CaseRoomId),
        caseId,
        ...room,
        roomId: RoomId.parse(`!${room.section ?? room.kind}`),
        position,
        planKey: `${position}`,
      });
    }
  });

  async function say(
    localpart: string,
    roomName: string,
    body: string,
    sentAt?: string,
  ): Promise<Outcome> {
    const addressed = recognise(commands, body);
    if (addressed === undefined) throw new Error("not a command");
    if (addressed.kind === "unknown") return answerUnknown(addressed.typed, addressed.guess);
    try {
      return await db.transaction().execute(async (transaction) => {
        const open = await findCase(transaction, vault, caseId);
        if (open === undefined) throw new Error("no case");
        const room = (await listCaseRooms(transaction, caseId)).find(
          (known) => (known.section ?? known.kind) === roomName,
        );
        if (room === undefined) throw new Error(`no room ${roomName}`);
        const userId = userIdOf(localpart);
        const sender = await findPerson(transaction, open.seal, caseId, userId);
        if (sender === undefined) throw new Error(`${localpart} is not on the roster`);
        return run(addressed.command, addressed.argumentText, {
          work: {
            db: transaction,
            vault,
            now,
            caseId,
            seal: open.seal,
            actor: { kind: "person", userId },
          },
          case: open.case,
          room,
          answeredIn: room,
          sender,
          capabilities: capabilitiesOf(template, sender.profile.role),
          bots: harnessBots,
          eventId: EventId.parse(`$${randomBytes(8).toString("hex")}`),
          sentAt: sentAt === undefined ? now : Temporal.Instant.from(sentAt),
          zone: sender.profile.timeZone,
          commands,
        });
      });
    } catch (error) {
      return answerError(error, "test");
    }
  }

  return {
    db,
    vault,
    caseId,
    setNow: (instant) => {
      now = Temporal.Instant.from(instant);
    },
    say,
    ask: async (...message) => renderText(await say(...message)),
    close: () => db.destroy(),
  };
}

/** Tests that are not about states ask for anything. */
function stateAllowingAll(template: string): string | undefined {
  return Object.entries(roomTemplate(template).life.states).find(
    ([, { allows, instruments }]) => allows === "all" && instruments === undefined,
  )?.[0];
}

/** The case itself, with the box that opens its content. */
export async function caseOf({ db, vault, caseId }: CaseHarness): Promise<OpenCase> {
  const open = await findCase(db, vault, caseId);
  if (open === undefined) throw new Error("no case");
  return open;
}

/** Nobody listens to these accounts; what they were to do stands in the outbox. */
export const harnessBots = {
  registrar: userIdOf("rogatory_registrar"),
  clerk: userIdOf("rogatory_clerk"),
  scribe: userIdOf("rogatory_scribe"),
} as const;

function userIdOf(localpart: string): UserId {
  return UserId.parse(`@${localpart}:rogatory.localhost`);
}
