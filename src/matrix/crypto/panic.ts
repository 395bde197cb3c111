/**
 * Whether the Rust crypto panicked: its memory cannot be trusted any more. WebAssembly.RuntimeError is
 * known by name, for the types of Node do not know the class.
 */
export function isPanic(error: unknown): boolean {
  return error instanceof Error && error.name === "RuntimeError";
}
