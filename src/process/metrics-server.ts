import { createServer } from "node:http";
import type { Registry } from "prom-client";
import { RogatoryError } from "../domain/errors.ts";

export interface MetricsServer {
  /** The port, for a server that was asked to choose one (0). */
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves `GET /metrics` in the text format of Prometheus. The address must be a loopback one: there
 * is neither encryption nor a password.
 *
 * @throws RogatoryError `metrics.address` if the address cannot be used
 */
export async function serveMetrics(
  { host, port }: { readonly host: string; readonly port: number },
  registry: Registry,
): Promise<MetricsServer> {
  const server = createServer(async (request, response) => {
    if (request.method !== "GET" || request.url !== "/metrics") {
      response.writeHead(404).end();
      return;
    }
    try {
      const text = await registry.metrics();
      response.writeHead(200, { "content-type": registry.contentType }).end(text);
    } catch {
      response.writeHead(503).end();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(
        new RogatoryError(
          "metrics.address",
          `Metrics cannot be served at port ${port}: choose another in metrics.listen.`,
          { cause },
        ),
      ),
    );
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
