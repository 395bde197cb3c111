import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { RogatoryError } from "../domain/errors.ts";
import { readYaml } from "./located-yaml.ts";
import { configDirectory } from "./paths.ts";
import { roomTemplate } from "./room-template.ts";

export const RetainedContent = z.enum([
  "actions",
  "request-texts",
  "requests",
  "meetings",
  "takeaways",
  "rooms",
  "log",
  "case",
]);
export type RetainedContent = z.infer<typeof RetainedContent>;

const Period = z
  .string()
  .regex(/^P(\d{1,4}Y)?(\d{1,4}M)?(\d{1,4}D)?$/, "is not a period of days, such as P28D or P5Y")
  .transform((text, context) => {
    try {
      return Temporal.Duration.from(text);
    } catch {
      context.addIssue({ code: "custom", message: "is not a period, such as P28D or P5Y" });
      return z.NEVER;
    }
  });

/** How long one class of data is kept: `config/retention.yaml` explains the fields. */
export const RetentionClass = z.strictObject({
  title: z.string().min(1).max(100),
  source: z.string().min(1).max(300),
  keep: Period,
  contents: z.array(RetainedContent).min(1),
  exported: z.boolean(),
  announceDays: z.array(z.int().positive().max(999)).default([]),
});
export type RetentionClass = z.infer<typeof RetentionClass>;

export const RetentionClasses = z.record(z.string().regex(/^[a-z][a-z-]*$/), RetentionClass);
export type RetentionClasses = z.infer<typeof RetentionClasses>;

let loaded: RetentionClasses | undefined;

/** @throws RogatoryError `retention.invalid`, with the line of what is wrong */
export function retentionClasses(): RetentionClasses {
  if (loaded === undefined) {
    const path = join(configDirectory(), "retention.yaml");
    const source = { fileName: path, errorCode: "retention.invalid" };
    loaded = readYaml(readFileSync(path, "utf8"), source, RetentionClasses);
  }
  return loaded;
}

export interface TemplateRetention {
  readonly name: string;
  readonly rules: RetentionClass;
  /** The state with which its time begins. */
  readonly from: string;
}

/** @throws RogatoryError `retention.unknown` if a template names a class that does not exist */
export function retentionOf(template: string): readonly TemplateRetention[] {
  const classes = retentionClasses();
  return roomTemplate(template).life.retention.map(({ class: name, from }) => {
    const rules = classes[name];
    if (rules !== undefined) return { name, rules, from };
    throw new RogatoryError(
      "retention.unknown",
      `config/rooms/${template}.yaml names the retention class “${name}”, which is not in config/retention.yaml: add it there.`,
    );
  });
}
