import type { Socket } from "node:net";

/** A report with its pictures fits; what is longer is no request of ours. */
const longestLine = 64 * 1024 * 1024;

/** The complete lines that arrive, until the other side closes; the rest of a line is dropped. */
export async function* linesOf(socket: Socket): AsyncGenerator<string> {
  let chunks: Buffer[] = [];
  let length = 0;
  for await (const received of socket) {
    let chunk = Buffer.from(received);
    let end = chunk.indexOf(10);
    while (end >= 0) {
      yield Buffer.concat([...chunks, chunk.subarray(0, end)]).toString("utf8");
      chunks = [];
      length = 0;
      chunk = chunk.subarray(end + 1);
      end = chunk.indexOf(10);
    }
    chunks.push(chunk);
    length += chunk.length;
    if (length > longestLine) throw new RangeError("the line is too long");
  }
}

/** Resolves when more can be written, or when nobody is there to read it. */
export function writeLine(socket: Socket, value: unknown): Promise<void> {
  if (socket.write(`${JSON.stringify(value)}\n`) || socket.closed) return Promise.resolve();
  return new Promise((done) => {
    const go = () => {
      socket.off("drain", go);
      socket.off("close", go);
      done();
    };
    socket.on("drain", go);
    socket.on("close", go);
  });
}
