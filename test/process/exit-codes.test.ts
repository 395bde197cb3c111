import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { RogatoryError } from "../../src/domain/errors.ts";
import { UnreachableError } from "../../src/matrix/http.ts";
import { ToDeviceError } from "../../src/matrix/session/errors.ts";
import { CryptoStoreError, OwnershipLostError } from "../../src/process/errors.ts";
import {
  exitCodeOfFailedStart,
  exitCodeOfFailure,
  exitCodes,
  isRestartable,
  kindOfFailure,
} from "../../src/process/exit-codes.ts";

/** What a panic of the Rust crypto looks like in JavaScript. */
function panic(): unknown {
  // A module whose only function is `unreachable`.
  const bytes = Uint8Array.from([
    ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0],
    ...[7, 5, 1, 1, 102, 0, 0, 10, 5, 1, 3, 0, 0, 11],
  ]);
  try {
    const assembly = Reflect.get(globalThis, "WebAssembly");
    const instance = new assembly.Instance(new assembly.Module(bytes));
    instance.exports.f();
  } catch (error) {
    return error;
  }
  throw new Error("it did not panic");
}

describe("kinds of failures", () => {
  it("tells a panic, a lost database, the crypto store and to-device messages apart, through causes", () => {
    expect(kindOfFailure(panic())).toBe("panic");
    expect(kindOfFailure(new ToDeviceError("x", { cause: panic() }))).toBe("panic");
    expect(kindOfFailure(new ToDeviceError("x", { cause: new TypeError("y") }))).toBe("toDevice");
    expect(kindOfFailure(new CryptoStoreError("x", { cause: new Error("disk") }))).toBe(
      "cryptoStore",
    );
    const cut = Object.assign(new Error("terminating connection"), { code: "57P01" });
    expect(kindOfFailure(new CryptoStoreError("x", { cause: cut }))).toBe("database");
    expect(kindOfFailure(new OwnershipLostError("x"))).toBe("database");
    expect(kindOfFailure(new Error("Connection terminated unexpectedly"))).toBe("database");
    expect(kindOfFailure(new TypeError("x"))).toBe("fatal");
    expect(kindOfFailure("not even an error")).toBe("fatal");
  });

  it("does not take a homeserver that refuses connections for a lost database", () => {
    const cause = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    const wrapped = new TypeError("fetch failed", { cause });
    expect(kindOfFailure(new UnreachableError("gone", { cause: wrapped }))).toBe("homeserver");
  });
});

describe("a failed start", () => {
  it("is the operator's to mend if a sentence says how, and passing if something is unreachable", () => {
    expect(exitCodeOfFailedStart(new RogatoryError("config.invalid", "x"))).toBe(1);
    expect(exitCodeOfFailedStart(new RogatoryError("provisioning.unreachable", "x"))).toBe(76);
    expect(exitCodeOfFailedStart(Object.assign(new Error("x"), { code: "ECONNREFUSED" }))).toBe(74);
    expect(exitCodeOfFailedStart(new TypeError("x"))).toBe(70);
  });
});

describe("a failure of running bots", () => {
  it("is the operator's to mend if an account's identity is wrong, and else a reason to start again", () => {
    expect(exitCodeOfFailure(new RogatoryError("identity.backup-foreign", "x"))).toBe(1);
    expect(exitCodeOfFailure(new RogatoryError("crypto.missing", "x"))).toBe(70);
    expect(exitCodeOfFailure(new ToDeviceError("x"))).toBe(71);
  });
});

describe("exit codes", () => {
  it("are all different, and only two end the supervisor", () => {
    const codes = Object.values(exitCodes);
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes.filter((code) => !isRestartable(code, true))).toEqual([0, 1]);
    expect(isRestartable(null, false)).toBe(true);
  });

  it("are explained in docs/operations.md", async () => {
    const text = await readFile(join(import.meta.dirname, "../../docs/operations.md"), "utf8");
    for (const code of Object.values(exitCodes)) {
      expect(text).toMatch(new RegExp(`^\\| ${code} +\\|`, "m"));
    }
  });
});

describe("what nobody catches", () => {
  it.each([
    ["an exception", "setTimeout(() => { throw new TypeError('secret'); }, 1)", 70],
    ["a rejection", "Promise.reject(new TypeError('secret'))", 70],
    ["a panic", "Promise.reject(Object.assign(new Error('x'), { name: 'RuntimeError' }))", 73],
  ])(
    "ends the process by its kind, and leaves no text in the log: %s",
    async (_, failing, code) => {
      const folder = await mkdtemp(join(tmpdir(), "rogatory-fatal-"));
      const source = join(import.meta.dirname, "../../src/process");
      const script = `
      const { endOnUncaught } = await import(${JSON.stringify(`${source}/fatal.ts`)});
      const { openLog } = await import(${JSON.stringify(`${source}/log.ts`)});
      endOnUncaught(openLog(${JSON.stringify(folder)}, "info"));
      ${failing};
      setInterval(() => {}, 1000);`;
      const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
        stdio: ["ignore", "inherit", "inherit"],
      });
      await once(child, "exit");
      expect(child.exitCode).toBe(code);
      const log = await readFile(join(folder, "rogatory.log"), "utf8");
      expect(log).toContain('"kind"');
      expect(log).not.toContain("secret");
      await rm(folder, { recursive: true });
    },
  );
});
