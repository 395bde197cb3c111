import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { BoardContent, problemOfBoard } from "../domain/board/content.ts";
import { BotName } from "../domain/case/bots.ts";
import { Capability } from "../domain/case/capability.ts";
import { CaseLife } from "../domain/case/life.ts";
import { LETTING_IN_POWER } from "../domain/case/power.ts";
import { RogatoryError } from "../domain/errors.ts";
import { readYaml } from "./located-yaml.ts";
import { configDirectory } from "./paths.ts";

/** What a room's first, encrypted message says. `{name}` is the case's real name. */
const Welcome = z.strictObject({
  text: z.string().min(1).max(2000),
  /** Lines to type, with the exclamation mark; all who have a seat in the room may use them. */
  try: z.array(z.string().startsWith("!")).max(5).default([]),
});
export type Welcome = z.infer<typeof Welcome>;

/** One role: what its people may do, and the power they have in the rooms. */
const RoleTemplate = z.strictObject({
  title: z.string(),
  power: z.number().int().min(0).max(99),
  /** Answers for a State or body in the case: the last of one is not removed without a second leader. */
  leads: z.boolean().default(false),
  /** Administers the space of the case, as the JIT agreement lays down (Regulation (EU) 2023/969 Art 3(8)). */
  administers: z.boolean().default(false),
  capabilities: z.array(Capability),
});

const RoomTemplateEntry = z.strictObject({
  /** The room's key: `space`, `coordination`, ... */
  kind: z.string().regex(/^[a-z][a-z-]*$/),
  /** What follows the case's neutral code in the room's name. The server can read it. */
  name: z.string().min(1).max(60),
  /**
   * `section` makes one room for each agenda entry with `room: true`; `pair` makes none at first, and
   * one for the people of two States when it is asked for.
   */
  per: z.enum(["case", "section", "pair"]).default("case"),
  /** Not listed in the space, so that who is not in the room does not see that it exists. */
  outsideSpace: z.boolean().default(false),
  /** Roles whose people are invited; `all` for everybody. */
  roles: z.union([z.literal("all"), z.array(z.string())]),
  /** Bots in the room; the first of them also answers what no other bot knows. */
  bots: z.array(BotName).min(1),
  /** The power that it takes to say something; everybody in the room speaks if it is left out. */
  speak: z.number().int().min(0).max(99).default(0),
  /** What its board shows, a pinned message that a bot keeps up to date; no board if it is left out. */
  board: z.array(BoardContent).min(1).optional(),
  /** None in the space, which is not encrypted. */
  welcome: Welcome.optional(),
});

/** Rooms, roles and capabilities of a kind of case: `config/rooms/<name>.yaml`. */
export const RoomTemplate = z
  .strictObject({
    title: z.string(),
    /** Prefix of the neutral case code. */
    codePrefix: z.string().regex(/^[A-Z]{2,5}$/),
    /** `m.federate`: whether people of other homeservers can ever join. Fixed when a room is made. */
    federate: z.boolean(),
    roles: z.record(z.string(), RoleTemplate),
    /** Its states and what each allows. */
    life: CaseLife,
    /** The kind of room in which only those who lead are spoken to. */
    leadersRoom: z.string().optional(),
    /** The kind of room in which everybody is told what concerns all; the first room of everybody if left out. */
    noticesRoom: z.string().optional(),
    rooms: z.array(RoomTemplateEntry).min(1),
  })
  .superRefine((template, context) => {
    const kinds = template.rooms.map(({ kind }) => kind);
    if (template.rooms.filter(({ kind, per }) => kind === "space" && per === "case").length !== 1) {
      context.addIssue({
        code: "custom",
        path: ["rooms"],
        message: "a case has exactly one room of the kind space",
      });
    }
    if (template.leadersRoom !== undefined && !kinds.includes(template.leadersRoom)) {
      context.addIssue({
        code: "custom",
        path: ["leadersRoom"],
        message: `there is no room of the kind “${template.leadersRoom}”`,
      });
    }
    const notices = template.rooms.find(({ kind }) => kind === template.noticesRoom);
    if (template.noticesRoom !== undefined && !isForNotices(notices)) {
      context.addIssue({
        code: "custom",
        path: ["noticesRoom"],
        message: `“${template.noticesRoom}” must be a kind of room of its own, once in a case, with roles: all and the registrar among its bots`,
      });
    }
    if (template.rooms.filter(({ per }) => per === "pair").length > 1) {
      context.addIssue({
        code: "custom",
        path: ["rooms"],
        message: "a case has one kind of room for a pair of States at most",
      });
    }
    for (const [role, { power, capabilities }] of Object.entries(template.roles)) {
      if (power < LETTING_IN_POWER || capabilities.includes("member.manage")) continue;
      context.addIssue({
        code: "custom",
        path: ["roles", role, "power"],
        message: `from ${LETTING_IN_POWER} on people let others in and take them out with any client: give the role the capability member.manage, or less power`,
      });
    }
    for (const [index, room] of template.rooms.entries()) {
      if (kinds.indexOf(room.kind) !== index) {
        context.addIssue({
          code: "custom",
          path: ["rooms", index, "kind"],
          message: `the kind ${room.kind} stands there twice`,
        });
      }
      if (room.kind === "space" && room.speak > 0) {
        context.addIssue({
          code: "custom",
          path: ["rooms", index, "speak"],
          message: "nobody speaks in a space",
        });
      }
      if (room.kind === "space" && room.welcome !== undefined) {
        context.addIssue({
          code: "custom",
          path: ["rooms", index, "welcome"],
          message: "a space is not encrypted, so that nothing can be said in it",
        });
      }
      const seated = Object.entries(template.roles).filter(
        ([role]) => room.roles === "all" || room.roles.includes(role),
      );
      const problem =
        room.board === undefined
          ? undefined
          : problemOfBoard(room.board, {
              isSpace: room.kind === "space",
              bots: room.bots,
              seated: new Map(seated.map(([role, { capabilities }]) => [role, capabilities])),
            });
      if (problem !== undefined) {
        context.addIssue({ code: "custom", path: ["rooms", index, "board"], message: problem });
      }
      if (room.per === "pair" && (room.roles === "all" || !room.outsideSpace)) {
        context.addIssue({
          code: "custom",
          path: ["rooms", index, "per"],
          message: "a room for a pair of States names its roles and says outsideSpace: true",
        });
      }
      if (room.roles === "all") continue;
      for (const role of room.roles) {
        if (!(role in template.roles)) {
          context.addIssue({
            code: "custom",
            path: ["rooms", index, "roles"],
            message: `there is no role “${role}”`,
          });
        }
      }
    }
  });
export type RoomTemplate = z.infer<typeof RoomTemplate>;

/** Whether everybody is in it, and the registrar, who speaks there. */
function isForNotices(entry: z.infer<typeof RoomTemplateEntry> | undefined): boolean {
  return (
    entry !== undefined &&
    entry.kind !== "space" &&
    entry.per === "case" &&
    entry.roles === "all" &&
    entry.bots.includes("registrar")
  );
}

const loaded = new Map<string, RoomTemplate>();
/** An organisation's own templates; undefined where it has none. */
let ownFolder: string | undefined;

/**
 * Lets templates be found in an organisation's own folder too, and reads them all, so that what is
 * wrong is said when the program starts and not when somebody needs one.
 *
 * @throws RogatoryError `templates.folder`, `templates.taken` or `template.invalid` with every line
 */
export function useOwnTemplates(folder: string | undefined): void {
  if (folder === ownFolder) return;
  const before = ownFolder;
  loaded.clear();
  ownFolder = folder;
  try {
    if (folder !== undefined) checkOwnTemplates(folder);
  } catch (error) {
    ownFolder = before;
    loaded.clear();
    throw error;
  }
}

function checkOwnTemplates(folder: string): void {
  const shipped = namesIn(shippedFolder());
  const failures: string[] = [];
  let names: readonly string[];
  try {
    names = namesIn(folder);
  } catch (cause) {
    throw new RogatoryError(
      "templates.folder",
      `The folder of room templates ${folder} cannot be read: create it, or correct rooms.templates in the configuration.`,
      { cause },
    );
  }
  const taken = names.filter((name) => shipped.includes(name));
  if (taken.length > 0) {
    throw new RogatoryError(
      "templates.taken",
      taken
        .map(
          (name) =>
            `${join(folder, `${name}.yaml`)}: Rogatory has a template “${name}” already, and cases may use it: give yours another name.`,
        )
        .join("\n"),
    );
  }
  for (const name of names) {
    try {
      roomTemplate(name);
    } catch (error) {
      if (!(error instanceof RogatoryError)) throw error;
      failures.push(error.message);
    }
  }
  if (failures.length > 0) throw new RogatoryError("template.invalid", failures.join("\n"));
}

/** All room templates that a case may have, the organisation's own included. */
export function roomTemplateNames(): readonly string[] {
  const own = ownFolder === undefined ? [] : namesIn(ownFolder);
  return [...new Set([...namesIn(shippedFolder()), ...own])].sort();
}

function namesIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => name.slice(0, -".yaml".length));
}

function shippedFolder(): string {
  return join(configDirectory(), "rooms");
}

/** @throws RogatoryError `template.unknown` or `template.invalid`, with the path of what is wrong */
export function roomTemplate(name: string): RoomTemplate {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const template = readTemplate(name);
  loaded.set(name, template);
  return template;
}

/** What a role of a template may do. An unknown role may do nothing. */
export function capabilitiesOf(template: RoomTemplate, role: string): ReadonlySet<Capability> {
  return new Set(template.roles[role]?.capabilities ?? []);
}

function readTemplate(name: string): RoomTemplate {
  if (!/^[a-z][a-z0-9-]*$/.test(name)) throw unknownTemplate(name);
  for (const folder of [shippedFolder(), ownFolder]) {
    const path = join(folder ?? "", `${name}.yaml`);
    if (folder === undefined || !existsSync(path)) continue;
    const text = readFileSync(path, "utf8");
    return readYaml(text, { fileName: path, errorCode: "template.invalid" }, RoomTemplate);
  }
  throw unknownTemplate(name);
}

function unknownTemplate(name: string): RogatoryError {
  return new RogatoryError(
    "template.unknown",
    `There is no room template “${name}”: use ${roomTemplateNames().join(", ")}, or put ${name}.yaml into the folder that rooms.templates names in the configuration.`,
  );
}
