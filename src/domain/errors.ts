/**
 * A failure that a person can do something about.
 *
 * `code` is stable and safe to log and to search for; `message` is one or two sentences for the
 * person who reads it and says what to do next. The technical cause goes into `cause`, which is
 * logged and never shown in a room.
 */
export class RogatoryError extends Error {
  override readonly name = "RogatoryError";
  readonly code: string;

  constructor(code: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The sentence to show for any thrown value, for command-line output and logs of our own errors. */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A thrown value and its causes, outermost first. */
export function causesOf(error: unknown): readonly unknown[] {
  const chain: unknown[] = [];
  for (let cause = error; cause !== undefined && chain.length < 10; ) {
    chain.push(cause);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return chain;
}
