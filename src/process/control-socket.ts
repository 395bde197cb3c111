import { createHash } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import { RogatoryError } from "../domain/errors.ts";
import { linesOf, writeLine } from "./json-lines.ts";

const Request = z.strictObject({ method: z.string().max(100), params: z.unknown().optional() });
const Response = z.discriminatedUnion("ok", [
  z.strictObject({ ok: z.literal(true), result: z.unknown() }),
  z.strictObject({
    ok: z.literal(false),
    error: z.strictObject({ code: z.string(), message: z.string() }),
  }),
]);
type Response = z.infer<typeof Response>;

export type ControlHandlers = Readonly<Record<string, (params: unknown) => Promise<unknown>>>;

export interface ControlServer {
  /** Answers what has been asked, then removes the socket. */
  close(): Promise<void>;
}

/**
 * Answers requests on a Unix socket that only the user of this process can open: one line of JSON
 * `{method, params}` each, answered in order by one line. The caller must hold the owner lock of the
 * data directory: what is found at the path is then left from a process that has ended.
 *
 * @param onError told about failures that are not RogatoryErrors; their text is not sent
 */
export async function serveControl(
  path: string,
  handlers: ControlHandlers,
  onError: (method: string, error: unknown) => void = () => {},
): Promise<ControlServer> {
  const address = socketAddress(path);
  mkdirSync(dirname(address), { recursive: true, mode: 0o700 });
  if (address !== path) refuseForeign(dirname(address));
  rmSync(address, { force: true });
  const open = new Set<Socket>();
  const busy = new Set<Promise<void>>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => socket.destroy());
    void answerAll(socket, handlers, onError, busy);
  });
  await listen(server, address);
  chmodSync(address, 0o600);
  return {
    async close() {
      const closed = new Promise<void>((done) => server.close(() => done()));
      await Promise.allSettled(busy);
      for (const socket of open) socket.end();
      await closed;
      rmSync(address, { force: true });
    },
  };
}

/**
 * Asks the process that serves the socket.
 *
 * @throws RogatoryError `control.unreachable` if nobody serves it, `control.broken` if the answer
 * does not come whole, or the other side's own code and message
 */
export async function callControl(path: string, method: string, params: unknown): Promise<unknown> {
  const socket = await dial(path);
  try {
    await writeLine(socket, { method, params });
    for await (const line of linesOf(socket)) {
      const response = Response.parse(JSON.parse(line));
      if (response.ok) return response.result;
      throw new RogatoryError(response.error.code, response.error.message);
    }
  } catch (cause) {
    if (cause instanceof RogatoryError) throw cause;
    throw broken(cause);
  } finally {
    socket.destroy();
  }
  throw broken(undefined);
}

/** Whether a process answers at the socket. */
export async function isServed(path: string): Promise<boolean> {
  try {
    (await dial(path)).destroy();
    return true;
  } catch {
    return false;
  }
}

async function answerAll(
  socket: Socket,
  handlers: ControlHandlers,
  onError: (method: string, error: unknown) => void,
  busy: Set<Promise<void>>,
): Promise<void> {
  try {
    for await (const line of linesOf(socket)) {
      const answered = answer(line, handlers, onError).then((response) =>
        writeLine(socket, response),
      );
      busy.add(answered);
      await answered.finally(() => busy.delete(answered));
    }
  } catch {
    // The other side has gone; what it asked for is done or undone as a whole.
  }
  socket.end();
}

async function answer(
  line: string,
  handlers: ControlHandlers,
  onError: (method: string, error: unknown) => void,
): Promise<Response> {
  let method = "unknown";
  try {
    const request = readRequest(line);
    method = request.method;
    const handler = Object.hasOwn(handlers, method) ? handlers[method] : undefined;
    if (handler === undefined) {
      throw new RogatoryError(
        "control.unknown",
        "The running process does not know this operation: restart it with the version of this command line.",
      );
    }
    return { ok: true, result: (await handler(request.params)) ?? null };
  } catch (error) {
    if (error instanceof RogatoryError) {
      return { ok: false, error: { code: error.code, message: error.message } };
    }
    onError(method, error);
    return {
      ok: false,
      error: {
        code: "control.failed",
        message: "The running process could not do it; nothing was changed. Its log says why.",
      },
    };
  }
}

function readRequest(line: string): z.infer<typeof Request> {
  try {
    return Request.parse(JSON.parse(line));
  } catch (cause) {
    throw new RogatoryError("control.malformed", "This is not a request of this version.", {
      cause,
    });
  }
}

/** Addresses of Unix sockets have 104 bytes on macOS, 108 on Linux, the final zero included. */
const longestAddress = 100;

/** The path itself, or a short one that follows from it in the folder for temporary files. */
export function socketAddress(path: string): string {
  if (Buffer.byteLength(path) <= longestAddress) return path;
  const name = createHash("sha256").update(path).digest("hex").slice(0, 16);
  return join(tmpdir(), `rogatory-${userInfo().uid}`, `${name}.sock`);
}

/** Anybody may make folders in /tmp: one that is not ours alone must not hold the socket. */
function refuseForeign(path: string): void {
  const { uid } = userInfo();
  const found = lstatSync(path);
  if (uid < 0 || (found.uid === uid && (found.mode & 0o077) === 0)) return;
  throw new RogatoryError(
    "control.foreign",
    `${path} does not belong to this user alone: run as the user of the bots, or remove it.`,
  );
}

function listen(server: Server, address: string): Promise<void> {
  return new Promise((done, failed) => {
    server.once("error", failed);
    server.listen(address, () => done());
  });
}

function dial(path: string): Promise<Socket> {
  const address = socketAddress(path);
  return new Promise((done, failed) => {
    const fail = (cause: unknown) =>
      failed(
        new RogatoryError(
          "control.unreachable",
          "No running process answers at the control socket: start it with rogatory start.",
          { cause },
        ),
      );
    try {
      if (address !== path) refuseForeign(dirname(address));
    } catch (error) {
      fail(error);
      return;
    }
    const socket = connect(address, () => {
      socket.off("error", fail);
      socket.on("error", () => socket.destroy());
      done(socket);
    });
    socket.once("error", fail);
  });
}

function broken(cause: unknown): RogatoryError {
  return new RogatoryError(
    "control.broken",
    "The running process ended before it answered: it is not known whether the operation was done. Look before you repeat it.",
    { cause },
  );
}
