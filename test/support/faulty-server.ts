import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** A server on this machine that answers as no sound homeserver would. */
export interface FaultyServer extends AsyncDisposable {
  readonly url: string;
  answer: (request: IncomingMessage, response: ServerResponse) => void;
}

export async function startFaultyServer(): Promise<FaultyServer> {
  const server = createServer((request, response) => {
    request.resume();
    faulty.answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it has no port");
  const faulty: FaultyServer = {
    url: `http://127.0.0.1:${address.port}`,
    answer: (_request, response) => void response.writeHead(500).end(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return faulty;
}
