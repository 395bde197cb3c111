import { z } from "zod";
import { ConfigFile } from "../../src/config/config.ts";
import { code, generatedFrom, page, table } from "./markdown.ts";

/** What zod says of a setting, as JSON Schema. */
interface Setting {
  readonly path: readonly string[];
  readonly description: string;
  readonly type: string;
  /** JSON text; undefined if there is none. */
  readonly default: string | undefined;
  readonly example: string | undefined;
  readonly required: boolean;
  readonly isGroup: boolean;
}

const Node = z.object({
  type: z.string().optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  examples: z.array(z.unknown()).optional(),
  enum: z.array(z.unknown()).optional(),
  format: z.string().optional(),
  required: z.array(z.string()).optional(),
  get properties() {
    return z.record(z.string(), Node).optional();
  },
});
type Node = z.infer<typeof Node>;

function settings(): readonly Setting[] {
  return walk(Node.parse(z.toJSONSchema(ConfigFile, { io: "input" })), []);
}

function walk(node: Node, path: readonly string[]): readonly Setting[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]): Setting[] => {
    const here = [...path, key];
    const isGroup = child.type === "object";
    if (child.description === undefined) {
      throw new Error(`the setting ${here.join(".")} has no description`);
    }
    const setting = {
      path: here,
      description: child.description,
      type: typeOf(child),
      default: isGroup || child.default === undefined ? undefined : JSON.stringify(child.default),
      example: child.examples?.[0] === undefined ? undefined : JSON.stringify(child.examples[0]),
      required: node.required?.includes(key) ?? false,
      isGroup,
    };
    return [setting, ...walk(child, here)];
  });
}

function typeOf({ type, enum: values, format }: Node): string {
  if (values !== undefined) return values.map((value) => code(String(value))).join(", ");
  if (format === "date-time") return "instant";
  if (format === "uri") return "address";
  return { string: "text", boolean: "true or false", array: "list" }[type ?? ""] ?? "group";
}

export function configurationPage(): string {
  const all = settings();
  const groups = all.filter(({ path }) => path.length === 1);
  return page(
    "# Configuration",
    "",
    generatedFrom("src/config/config.ts"),
    "",
    "One YAML file, `rogatory.yaml` in the current folder or the one that `--config` or `ROGATORY_CONFIG` names; `config/rogatory.example.yaml` is a commented start. Relative paths in it start from its own folder. A key that is not listed here is an error, told with its line. Secrets never stand in the file itself: they come from the environment or from files of their own.",
    "",
    "## Environment variables",
    "",
    ...table(
      ["Variable", "Meaning"],
      [
        [code("ROGATORY_CONFIG"), "The configuration file, unless `--config` names one."],
        [code("ROGATORY_MASTER_KEY"), "The master key; preferred to `vault.masterKeyFile`."],
        [
          code("ROGATORY_DATABASE_URL"),
          "Connection URL of PostgreSQL; preferred to `database.urlFile`. Read only if `database.kind` is `postgresql`.",
        ],
      ],
    ),
    "",
    ...groups.flatMap((group) => {
      const members = group.isGroup
        ? all.filter(({ path }) => path.length > 1 && path[0] === group.path[0])
        : [group];
      return [
        `## ${group.path.join(".")}`,
        "",
        ...(group.isGroup ? [group.description, ""] : []),
        ...table(
          ["Setting", "Type", "Default", "Meaning"],
          members.map((setting) => [
            code(setting.path.join(".")),
            setting.type,
            setting.default === undefined
              ? setting.required
                ? "must be given"
                : "none"
              : code(setting.default),
            setting.description,
          ]),
        ),
        "",
      ];
    }),
  );
}

/** A file that only needs its first lines adapted: settings with a default are commented out. */
export function configurationExample(): string {
  const lines = [
    "# The configuration of Rogatory, made by `npm run docs` from the schema in src/config/config.ts.",
    "# Settings that are commented out show the default, or an example where there is none; take away the",
    "# # to change one, also before the name of its group.",
    "# Secrets never stand here: docs/configuration.md says how they are given.",
  ];
  const all = settings();
  const needed = (setting: Setting): boolean =>
    setting.isGroup
      ? all.some(
          (other) => other.path.length > 1 && other.path[0] === setting.path[0] && other.required,
        )
      : setting.required;
  for (const setting of all) {
    const { path, description, isGroup } = setting;
    const indent = "  ".repeat(path.length - 1);
    const key = path.at(-1) ?? "";
    if (path.length === 1) lines.push("");
    lines.push(...wrap(description, 98 - indent.length).map((line) => `${indent}# ${line}`));
    const value = isGroup ? "" : ` ${setting.default ?? setting.example ?? ""}`;
    const group = all.find((other) => other.path.length === 1 && other.path[0] === path[0]);
    const active = needed(setting) && (group === undefined || needed(group));
    lines.push(`${active ? "" : "#"}${indent}${key}:${plainScalar(value)}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Quotes that YAML does not need only hide the value. */
function plainScalar(value: string): string {
  return /^ "[A-Za-z0-9/._-]+(:\/\/[A-Za-z0-9./-]+)?"$/.test(value)
    ? ` ${value.slice(2, -1)}`
    : value;
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
