import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { RogatoryError } from "../domain/errors.ts";
import { EuMemberStates } from "../domain/report/participation.ts";
import { checkTemplate, ReportTemplate } from "../domain/report/template.ts";
import { TakeawayCategories } from "../domain/takeaway/category.ts";
import { configDirectory } from "./paths.ts";

/** All data of `config/reports/` that one outcome report needs. */
export interface ReportRules {
  readonly template: ReportTemplate;
  readonly categories: TakeawayCategories;
  readonly union: EuMemberStates;
}

const loaded = new Map<string, ReportRules>();

/** @throws RogatoryError `report.template-unknown` or `report.template-invalid`, with what is wrong */
export function reportRules(name: string): ReportRules {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const rules = {
    template: read(name, ReportTemplate),
    categories: read("takeaway-categories", TakeawayCategories),
    union: read("eu-member-states", EuMemberStates),
  };
  checkTemplate(rules.template, rules.categories);
  loaded.set(name, rules);
  return rules;
}

function read<T>(name: string, schema: z.ZodType<T>): T {
  if (!/^[a-z][a-z0-9-]*$/.test(name)) throw unknownTemplate(name);
  const path = join(configDirectory(), "reports", `${name}.yaml`);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    throw unknownTemplate(name);
  }
  const result = schema.safeParse(parse(text));
  if (result.success) return result.data;
  throw new RogatoryError("report.template-invalid", `${path}: ${z.prettifyError(result.error)}`);
}

function unknownTemplate(name: string): RogatoryError {
  return new RogatoryError(
    "report.template-unknown",
    `There is no report template “${name}” in config/reports: correct the case's report template.`,
  );
}
