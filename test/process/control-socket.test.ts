import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RogatoryError } from "../../src/domain/errors.ts";
import { callControl, serveControl, socketAddress } from "../../src/process/control-socket.ts";

const module = join(import.meta.dirname, "../../src/process/control-socket.ts");

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rogatory-control-"));
  path = join(folder, "control.sock");
});

afterEach(() => rm(folder, { recursive: true }));

describe("the control socket", () => {
  it("carries parameters there and results back", async () => {
    const server = await serveControl(path, { echo: async (params) => ({ heard: params }) });
    await expect(callControl(path, "echo", { text: "două\nlinii" })).resolves.toEqual({
      heard: { text: "două\nlinii" },
    });
    await server.close();
  });

  it("carries megabytes", async () => {
    const server = await serveControl(path, { echo: async (params) => params });
    const large = "ü".repeat(3_000_000);
    expect((await callControl(path, "echo", large)) === large).toBe(true);
    await server.close();
  });

  it("answers many callers at once, each with its own", async () => {
    const server = await serveControl(path, { echo: async (params) => params });
    const numbers = Array.from({ length: 40 }, (_, index) => index);
    const answers = await Promise.all(numbers.map((number) => callControl(path, "echo", number)));
    expect(answers).toEqual(numbers);
    await server.close();
  });

  it("lets a RogatoryError travel with its code and sentence", async () => {
    const server = await serveControl(path, {
      fail: async () => {
        throw new RogatoryError("case.unknown", "There is no such case.");
      },
    });
    await expect(callControl(path, "fail", null)).rejects.toMatchObject({
      name: "RogatoryError",
      code: "case.unknown",
      message: "There is no such case.",
    });
    await server.close();
  });

  it("keeps the text of other errors on its own side", async () => {
    const told: unknown[] = [];
    const server = await serveControl(
      path,
      {
        fail: async () => {
          throw new TypeError("secret");
        },
      },
      (method, error) => told.push(method, error),
    );
    const failure = await callControl(path, "fail", null).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "control.failed" });
    expect(String(failure)).not.toContain("secret");
    expect(told).toEqual(["fail", expect.any(TypeError)]);
    await server.close();
  });

  it("refuses operations that it does not have, inherited ones included", async () => {
    const server = await serveControl(path, {});
    for (const method of ["case.new", "toString", "constructor"]) {
      await expect(callControl(path, method, null)).rejects.toMatchObject({
        code: "control.unknown",
      });
    }
    await server.close();
  });

  it("answers a line that is no request, and goes on", async () => {
    const server = await serveControl(path, { echo: async (params) => params });
    const socket = connect(path);
    socket.write('nonsense\n{"method":"echo","params":1}\n');
    let received = "";
    while (received.split("\n").length < 3) {
      const [chunk] = await once(socket, "data");
      received += String(chunk);
    }
    socket.end();
    const [first, second] = received
      .split("\n")
      .map((line) => (line === "" ? "" : JSON.parse(line)));
    expect(first).toMatchObject({ ok: false, error: { code: "control.malformed" } });
    expect(second).toEqual({ ok: true, result: 1 });
    await server.close();
  });

  it("can be opened by its owner only", async () => {
    const server = await serveControl(path, {});
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await server.close();
  });

  it("says that nobody serves it, before and after", async () => {
    await expect(callControl(path, "x", null)).rejects.toMatchObject({
      code: "control.unreachable",
    });
    const server = await serveControl(path, {});
    await server.close();
    await expect(callControl(path, "x", null)).rejects.toMatchObject({
      code: "control.unreachable",
    });
  });

  it("replaces the socket that a killed process has left", async () => {
    const script = `
      const { serveControl } = await import(${JSON.stringify(module)});
      await serveControl(${JSON.stringify(path)}, {
        wait: () => new Promise(() => process.stdout.write("asked")),
      });
      process.stdout.write("ready");`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    const waiting = callControl(path, "wait", null);
    const broken = expect(waiting).rejects.toMatchObject({ code: "control.broken" });
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "exit");
    await broken;
    await expect(callControl(path, "x", null)).rejects.toMatchObject({
      code: "control.unreachable",
    });
    const server = await serveControl(path, { x: async () => "new" });
    await expect(callControl(path, "x", null)).resolves.toBe("new");
    await server.close();
  });

  it("answers what was asked before it closes", async () => {
    const asked = Promise.withResolvers<void>();
    const go = Promise.withResolvers<string>();
    const server = await serveControl(path, {
      slow: () => {
        asked.resolve();
        return go.promise;
      },
    });
    const answer = callControl(path, "slow", null);
    await asked.promise;
    const closed = server.close();
    go.resolve("done");
    await expect(answer).resolves.toBe("done");
    await closed;
  });

  it("moves to a short private address when the path is too long for a socket", async () => {
    const long = join(folder, "a".repeat(120), "control.sock");
    const address = socketAddress(long);
    expect(Buffer.byteLength(address)).toBeLessThan(100);
    const server = await serveControl(long, { echo: async (params) => params });
    await expect(callControl(long, "echo", 7)).resolves.toBe(7);
    expect((await stat(join(address, ".."))).mode & 0o777).toBe(0o700);
    await server.close();
  });
});
