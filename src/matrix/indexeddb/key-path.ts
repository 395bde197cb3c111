import { indexedDbError } from "./errors.ts";
import { type EncodedKey, tryEncodeKey } from "./keys.ts";

/** Where an index finds its key in a value: one dotted path, or several that form an array key. */
export type KeyPath = string | readonly string[];

const identifier = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u;

/** Indexed Database API 3.0, section 2.5: throws a SyntaxError for an invalid path. */
export function parseKeyPath(value: unknown): KeyPath {
  if (Array.isArray(value) && value.length > 0) return value.map(parseSinglePath);
  return parseSinglePath(value);
}

function parseSinglePath(value: unknown): string {
  const valid =
    typeof value === "string" &&
    (value === "" || value.split(".").every((part) => identifier.test(part)));
  if (!valid) throw indexedDbError("SyntaxError", "This is not a valid key path.");
  return value;
}

/** The index key of a value, or undefined when the value does not belong in the index. */
export function evaluateKeyPath(path: KeyPath, value: unknown): EncodedKey | undefined {
  if (typeof path === "string") return tryEncodeKey(follow(path, value));
  return tryEncodeKey(path.map((part) => follow(part, value)));
}

function follow(path: string, value: unknown): unknown {
  if (path === "") return value;
  let current: unknown = value;
  for (const name of path.split(".")) {
    if (typeof current === "string" && name === "length") {
      current = current.length;
      continue;
    }
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, name))
      return undefined;
    current = Reflect.get(current, name);
  }
  return current;
}
