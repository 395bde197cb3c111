import { connect, createServer, type Socket } from "node:net";

/** Stands between a program and its PostgreSQL, on loopback only and without TLS. */
export interface PostgresProxy {
  readonly url: string;
  /** Cuts, once, the connection whose transaction has said all of this: after COMMIT, before its answer. */
  loseCommit(statements: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export async function startPostgresProxy(target: string): Promise<PostgresProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let armed: { readonly statements: readonly string[]; readonly struck: () => void } | undefined;

  const server = createServer((program) => {
    const database = connect(Number(port), hostname);
    /** What the transaction under way has said so far. */
    let said = "";
    let cuts: (() => void) | undefined;
    for (const socket of [program, database]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        program.destroy();
        database.destroy();
      });
    }
    program.on("data", (bytes) => {
      const text = bytes.toString("latin1");
      if (text.includes("begin")) said = "";
      said += text;
      const struck = armed?.struck;
      if (text.includes("commit") && armed?.statements.every((one) => said.includes(one))) {
        armed = undefined;
        cuts = struck;
      }
      database.write(bytes);
    });
    database.on("data", (bytes) => {
      if (cuts === undefined) {
        program.write(bytes);
        return;
      }
      program.destroy();
      cuts();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const url = new URL(target);
  url.hostname = "127.0.0.1";
  url.port = String(typeof address === "object" && address !== null ? address.port : 0);
  return {
    url: url.href,
    loseCommit(statements) {
      const { promise, resolve } = Promise.withResolvers<void>();
      armed = { statements, struck: resolve };
      return promise;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
