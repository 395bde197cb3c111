import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { parse, stringify, YAMLParseError } from "yaml";
import { z } from "zod";
import { RogatoryError } from "../../domain/errors.ts";

const TOKEN_BYTES = 32;
const Token = z.string().min(16);

/**
 * What the homeserver is told about the bots, as the Application Service API lays it down.
 * Operators may add fields of their own homeserver; they are kept.
 */
export const Registration = z.looseObject({
  id: z.string().min(1),
  /** null: the homeserver pushes nothing, the bots sync like other clients. */
  url: z.url().nullable(),
  as_token: Token,
  hs_token: Token,
  sender_localpart: z.string().regex(/^[a-z0-9._=/+-]+$/),
  rate_limited: z.boolean(),
  namespaces: z.looseObject({
    users: z
      .array(z.looseObject({ exclusive: z.boolean(), regex: z.string().min(1) }))
      .min(1, "the bots need a namespace of users"),
  }),
  /** MSC4190: devices are made and removed without a login. */
  "io.element.msc4190": z.literal(true, "the bots need io.element.msc4190: true"),
});

export type Registration = z.infer<typeof Registration>;

export interface RegistrationWish {
  readonly serverName: string;
  /** Default `rogatory`; the bots' names begin with it and an underscore. */
  readonly id?: string;
}

/** A registration with fresh random tokens. */
export function createRegistration(wish: RegistrationWish): Registration {
  const id = wish.id ?? "rogatory";
  const pattern = `@${escapePattern(id)}_.*:${escapePattern(wish.serverName)}`;
  return Registration.parse({
    id,
    url: null,
    as_token: randomBytes(TOKEN_BYTES).toString("hex"),
    hs_token: randomBytes(TOKEN_BYTES).toString("hex"),
    // This user cannot sync; the bots are others of the namespace.
    sender_localpart: `${id}_service`,
    rate_limited: false,
    namespaces: { users: [{ exclusive: true, regex: pattern }] },
    "io.element.msc4190": true,
  });
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/**
 * Writes a registration for its owner only, whole or not at all.
 *
 * @throws RogatoryError `registration-exists` unless `replace`: new tokens lock the bots out until
 *   the homeserver has read them
 */
export async function writeRegistration(
  path: string,
  registration: Registration,
  options: { readonly replace?: boolean } = {},
): Promise<void> {
  if (options.replace !== true && existsSync(path)) throw alreadyExists(path);
  const content = stringify(registration);
  try {
    await mkdir(dirname(path), { recursive: true });
    if (options.replace === true) {
      await writeFile(`${path}.new`, content, { mode: 0o600, flag: "w" });
      await rename(`${path}.new`, path);
    } else {
      await writeFile(path, content, { mode: 0o600, flag: "wx" });
    }
  } catch (error) {
    throw new RogatoryError(
      "registration-not-written",
      `The registration could not be written to ${path}: make its folder writable or choose another path.`,
      { cause: error },
    );
  }
}

function alreadyExists(path: string): RogatoryError {
  return new RogatoryError(
    "registration-exists",
    `${path} exists already: use it as it is, or replace it with --force (the homeserver must then be restarted).`,
  );
}

/** @throws RogatoryError `registration-missing` or `registration-invalid`, naming the field */
export async function readRegistration(path: string): Promise<Registration> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new RogatoryError(
      "registration-missing",
      `The registration file ${path} cannot be read: make it with \`rogatory appservice\`, or check its permissions.`,
      { cause: error },
    );
  }
  const result = Registration.safeParse(parseYaml(path, text));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw invalid(path, `${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`, result.error);
}

function parseYaml(path: string, text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof YAMLParseError) throw invalid(path, error.code, error);
    throw error;
  }
}

function invalid(path: string, detail: string, cause: unknown): RogatoryError {
  return new RogatoryError(
    "registration-invalid",
    `The registration file ${path} is not right (${detail}): correct it, or make a new one with \`rogatory appservice --force\`.`,
    { cause },
  );
}
