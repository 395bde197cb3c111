import { indexedDbError } from "./errors.ts";

/** A valid IndexedDB key (Indexed Database API 3.0, section 2.4). */
export type Key = number | string | Date | ArrayBuffer | readonly Key[];

/**
 * A key as ASCII text whose byte order is the key order of IndexedDB, so that a `COLLATE "C"` column
 * and a JavaScript string comparison both sort it. No encoded key is a prefix of another one:
 * concatenated encodings therefore sort like the tuple of their keys.
 */
export type EncodedKey = string;

const NUMBER = "1";
const DATE = "2";
const STRING = "3";
const BINARY = "4";
const ARRAY = "5";
/** Greater than every tag: `encoded + AFTER` is greater than everything that starts with `encoded`. */
export const AFTER = "6";
/** Smaller than every tag and every encoded character: a shorter string or array sorts first. */
const END = "\u0001";
const LOW_ESCAPE = "\u0002";
const HIGH_ESCAPE = "\u007f";

/** PostgreSQL refuses index rows above 2,704 bytes, and an index row may hold two keys. */
const LONGEST_KEY = 1200;

// biome-ignore lint/suspicious/noControlCharactersInRegex: the Rust store joins key parts with U+001D.
const plainCharacters = /^[\u0003-\u007e]*$/;
const floatView = new DataView(new ArrayBuffer(8));

/** The encoded key, or a DataError when the value is not a valid key. */
export function encodeKey(value: unknown): EncodedKey {
  const encoded = tryEncodeKey(value);
  if (encoded === undefined) throw indexedDbError("DataError", "This value is not a valid key.");
  return encoded;
}

/** The encoded key, or undefined when the value is not a valid key. Throws for a key that is too long. */
export function tryEncodeKey(value: unknown): EncodedKey | undefined {
  const encoded = encodePart(value, []);
  if (encoded !== undefined && encoded.length > LONGEST_KEY) {
    throw indexedDbError("DataError", `A key is limited to ${LONGEST_KEY} encoded characters.`);
  }
  return encoded;
}

function encodePart(value: unknown, parents: readonly unknown[]): EncodedKey | undefined {
  if (typeof value === "string") return STRING + encodeCharacters(value) + END;
  if (typeof value === "number")
    return Number.isNaN(value) ? undefined : NUMBER + encodeFloat(value);
  if (value instanceof Date) {
    const milliseconds = value.getTime();
    return Number.isNaN(milliseconds) ? undefined : DATE + encodeFloat(milliseconds);
  }
  if (Array.isArray(value)) return encodeArray(value, parents);
  const bytes = bytesOf(value);
  return bytes === undefined ? undefined : BINARY + Buffer.from(bytes).toString("hex") + END;
}

function encodeArray(
  value: readonly unknown[],
  parents: readonly unknown[],
): EncodedKey | undefined {
  if (parents.includes(value)) return undefined;
  const chain = [...parents, value];
  let encoded = ARRAY;
  for (let position = 0; position < value.length; position += 1) {
    const part = Object.hasOwn(value, position) ? encodePart(value[position], chain) : undefined;
    if (part === undefined) return undefined;
    encoded += part;
  }
  return encoded + END;
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof ArrayBuffer) return value.detached ? undefined : new Uint8Array(value);
  if (!ArrayBuffer.isView(value)) return undefined;
  if (value.buffer instanceof ArrayBuffer && value.buffer.detached) return undefined;
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

/** UTF-16 code units, not characters: that is the order the specification asks for. */
function encodeCharacters(text: string): string {
  if (plainCharacters.test(text)) return text;
  let encoded = "";
  for (let position = 0; position < text.length; position += 1) {
    const unit = text.charCodeAt(position);
    if (unit < 0x03) encoded += LOW_ESCAPE + String.fromCharCode(unit + 1);
    else if (unit < 0x7f) encoded += String.fromCharCode(unit);
    else encoded += HIGH_ESCAPE + unit.toString(16).padStart(4, "0");
  }
  return encoded;
}

/** IEEE 754 with the sign bit flipped (all bits for negative numbers) sorts like the numbers. */
function encodeFloat(value: number): string {
  floatView.setFloat64(0, value === 0 ? 0 : value);
  const bits = floatView.getBigUint64(0);
  const sortable = bits >> 63n === 1n ? bits ^ 0xffffffffffffffffn : bits | 0x8000000000000000n;
  return sortable.toString(16).padStart(16, "0");
}

function decodeFloat(digits: string): number {
  const sortable = BigInt(`0x${digits}`);
  const positive = sortable >> 63n === 1n;
  floatView.setBigUint64(
    0,
    positive ? sortable ^ 0x8000000000000000n : sortable ^ 0xffffffffffffffffn,
  );
  return floatView.getFloat64(0);
}

/** The key behind an encoding made by {@link encodeKey}; a fresh copy at every call. */
export function decodeKey(encoded: EncodedKey): Key {
  return decodePart(encoded, 0).key;
}

interface DecodedPart {
  readonly key: Key;
  readonly next: number;
}

function decodePart(encoded: EncodedKey, start: number): DecodedPart {
  const body = start + 1;
  switch (encoded[start]) {
    case NUMBER:
      return { key: decodeFloat(encoded.slice(body, body + 16)), next: body + 16 };
    case DATE:
      return { key: new Date(decodeFloat(encoded.slice(body, body + 16))), next: body + 16 };
    case STRING:
      return decodeCharacters(encoded, body);
    case BINARY: {
      const end = encoded.indexOf(END, body);
      return {
        key: Uint8Array.from(Buffer.from(encoded.slice(body, end), "hex")).buffer,
        next: end + 1,
      };
    }
    case ARRAY: {
      const parts: Key[] = [];
      let position = body;
      while (encoded[position] !== END) {
        const part = decodePart(encoded, position);
        parts.push(part.key);
        position = part.next;
      }
      return { key: parts, next: position + 1 };
    }
    default:
      throw new Error("The crypto store holds a key that this version cannot read.");
  }
}

function decodeCharacters(encoded: EncodedKey, body: number): DecodedPart {
  const escaped = encoded.indexOf(LOW_ESCAPE, body) >= 0 || encoded.indexOf(HIGH_ESCAPE, body) >= 0;
  if (!escaped) {
    const end = encoded.indexOf(END, body);
    return { key: encoded.slice(body, end), next: end + 1 };
  }
  let text = "";
  let position = body;
  while (encoded[position] !== END) {
    const character = encoded[position];
    if (character === LOW_ESCAPE) {
      text += String.fromCharCode(encoded.charCodeAt(position + 1) - 1);
      position += 2;
    } else if (character === HIGH_ESCAPE) {
      text += String.fromCharCode(Number.parseInt(encoded.slice(position + 1, position + 5), 16));
      position += 5;
    } else {
      text += character;
      position += 1;
    }
  }
  return { key: text, next: position + 1 };
}
