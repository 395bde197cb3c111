import { createServer } from "node:net";
import { RogatoryError } from "../../domain/errors.ts";
import { systemErrorCode } from "./disk.ts";

const LOOPBACK = "127.0.0.1";

/**
 * Makes sure that a port on loopback can be listened on, or finds one.
 *
 * @param port a port number, or 0 for any free one
 * @throws RogatoryError `port-taken` or `port-not-allowed`
 */
export function claimPort(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error) => reject(explainPortError(port, error)));
    server.listen({ host: LOOPBACK, port, exclusive: true }, () => {
      const address = server.address();
      const claimed = typeof address === "object" && address !== null ? address.port : port;
      server.close(() => resolve(claimed));
    });
  });
}

function explainPortError(port: number, error: unknown): unknown {
  switch (systemErrorCode(error)) {
    case "EADDRINUSE":
      return new RogatoryError(
        "port-taken",
        `Port ${port} on ${LOOPBACK} is taken by another program: end that program or choose another port.`,
        { cause: error },
      );
    case "EACCES":
      return new RogatoryError(
        "port-not-allowed",
        `Port ${port} may only be used by the system administrator: choose one above 1023.`,
        { cause: error },
      );
    default:
      return error;
  }
}
