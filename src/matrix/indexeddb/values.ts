import { deserialize, serialize } from "node:v8";

/** A value as it is stored: JSON text, or `~` and the structured clone of what JSON cannot hold. */
export type StoredValue = string;

const STRUCTURED = "~";
const DEEPEST_JSON = 64;

/** A copy that later changes of the original cannot reach, and its stored form. */
export interface ClonedValue {
  readonly value: unknown;
  readonly stored: StoredValue;
}

/**
 * Nearly all values of the crypto store are plain JSON, which stays readable in the database. Maps,
 * dates, byte arrays, `undefined` and the like go through V8's serialiser, whose format is meant for
 * storage and which is read by later versions. Throws a DataCloneError like `structuredClone`.
 */
export function cloneValue(value: unknown): ClonedValue {
  if (isJson(value, 0)) return { value, stored: JSON.stringify(value) };
  const clone: unknown = structuredClone(value);
  return { value: clone, stored: STRUCTURED + serialize(clone).toString("base64") };
}

export function readValue(stored: StoredValue): unknown {
  if (stored.startsWith(STRUCTURED)) return deserialize(Buffer.from(stored.slice(1), "base64"));
  return JSON.parse(stored);
}

function isJson(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0);
    case "object":
      if (value === null) return true;
      if (depth > DEEPEST_JSON) return false;
      if (Array.isArray(value)) return isJsonArray(value, depth);
      return isPlain(value) && Object.values(value).every((part) => isJson(part, depth + 1));
    default:
      return false;
  }
}

function isJsonArray(value: readonly unknown[], depth: number): boolean {
  if (Object.keys(value).length !== value.length) return false;
  for (let position = 0; position < value.length; position += 1) {
    if (!(position in value) || !isJson(value[position], depth + 1)) return false;
  }
  return true;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
