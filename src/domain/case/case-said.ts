/** By what people call a case. */
export interface Named {
  readonly code: string;
  readonly name: string;
}

/** What a message to a bot says about which case it means. */
export type CaseSaid<T> =
  /** None, and all of it is the message. */
  | { readonly kind: "none" }
  /** The case alone: what follows is about it. */
  | { readonly kind: "chosen"; readonly of: T }
  /** A command with its case, which is taken out of it. */
  | { readonly kind: "with-command"; readonly of: T; readonly command: string }
  /** A command with one case before and another one after it. */
  | { readonly kind: "two" }
  /** A case that the person has not, as far as it was meant to be one. */
  | { readonly kind: "unknown"; readonly named: string };

/**
 * Reads which case is meant: `in NIGHTJAR` or `NIGHTJAR` alone, and `in NIGHTJAR` before or after a
 * command, in the same line or in another. Only names and codes of the person's own cases count: what
 * else follows “in” may be part of a sentence.
 */
export function readCaseSaid<T extends Named>(said: string, own: readonly T[]): CaseSaid<T> {
  const text = said.trim();
  const names = own
    .flatMap((of) => [of.name, of.code].map((name) => ({ of, pattern: patternOf(name), name })))
    // Of two names that end alike the longer one was meant.
    .sort((a, b) => b.name.length - a.name.length);
  const find = (before: string, after: string) => {
    for (const { of, pattern } of names) {
      const found = new RegExp(`^${before}${pattern}${after}$`, "isu").exec(text);
      if (found !== null) return { of, rest: found[1] ?? "" };
    }
    return undefined;
  };
  const alone = find("(?:!?in\\s+)?", "[.!]?");
  if (alone !== undefined) return { kind: "chosen", of: alone.of };
  const first = find("!?in\\s+", "\\s*(?:[,:]\\s*)?(![a-z].*)");
  const rest = first?.rest ?? text;
  const last = rest.startsWith("!") ? endOf(rest, names) : undefined;
  if (first !== undefined && last !== undefined && first.of !== last.of) return { kind: "two" };
  const of = first?.of ?? last?.of;
  if (of !== undefined) return { kind: "with-command", of, command: last?.command ?? rest };
  return unknownIn(text);
}

function endOf<T>(command: string, names: readonly { readonly of: T; readonly pattern: string }[]) {
  for (const { of, pattern } of names) {
    const found = new RegExp(`^(.*\\S)\\s+in\\s+${pattern}[.!]?$`, "isu").exec(command);
    if (found?.[1] !== undefined) return { of, command: found[1] };
  }
  return undefined;
}

/** One word, or an exclamation mark before it: otherwise people just begin a sentence with “in”. */
function unknownIn(text: string): CaseSaid<never> {
  const marked = /^!in\s+(\S[^\n]*)$/i.exec(text)?.[1];
  const word = /^in\s+([^\s!]+)\s*(?:!.*)?$/is.exec(text)?.[1];
  const named = marked ?? word;
  return named === undefined ? { kind: "none" } : { kind: "unknown", named };
}

/** Words of a name may be in several lines or far apart, and the name in quotation marks. */
function patternOf(name: string): string {
  const words = name
    .trim()
    .split(/\s+/)
    .map((word) => RegExp.escape(word));
  return `["“„«]?${words.join("\\s+")}["”“»]?`;
}
