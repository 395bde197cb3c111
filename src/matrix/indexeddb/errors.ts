/** The exceptions of the IndexedDB specification, by the names that callers compare. */
export type IndexedDbErrorName =
  | "AbortError"
  | "ConstraintError"
  | "DataError"
  | "InvalidAccessError"
  | "InvalidStateError"
  | "NotFoundError"
  | "NotSupportedError"
  | "ReadOnlyError"
  | "SyntaxError"
  | "TransactionInactiveError"
  | "VersionError";

/** `DOMException`, because the Rust store casts what it catches to that class. */
export function indexedDbError(name: IndexedDbErrorName, message: string): DOMException {
  return new DOMException(message, name);
}
