/** SQLSTATE classes and codes after which a session no longer exists ("PostgreSQL Error Codes"). */
const lostStates = /^(?:08|57P0[1-5]|25P0[34])/;
const lostErrno = new Set([
  ...["ECONNRESET", "ECONNREFUSED", "ECONNABORTED", "EPIPE", "ETIMEDOUT"],
  ...["EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND", "EAI_AGAIN"],
]);
/** What the driver itself says, without a code. */
const lostSentences =
  /^(?:Connection terminated|Client has encountered a connection error|Client was closed|timeout (?:expired|exceeded when trying to connect)|Cannot use a pool after)/;

/**
 * Whether a statement failed because the connection to the database is gone. Whether a COMMIT on it
 * had its effect is then unknown: the process must look again before it goes on.
 */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("code" in error && typeof error.code === "string") {
    if (lostStates.test(error.code) || lostErrno.has(error.code)) return true;
  }
  if (lostSentences.test(error.message)) return true;
  return error instanceof AggregateError && error.errors.some(isConnectionLost);
}
