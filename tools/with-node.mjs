// node tools/with-node.mjs FILE.ts [ARGUMENT...]
// node tools/with-node.mjs --bin NAME [ARGUMENT...]
//
// What the npm scripts start. Plain JavaScript that runs on Node 20 in a fresh clone: it installs
// the dependencies when they are missing or no longer those of package-lock.json, then hands over
// to the Node 26 among them.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, delimiter, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { findNode, runNode } from "../bin/node-runtime.js";

const root = resolve(fileURLToPath(import.meta.url), "../..");
const modules = join(root, "node_modules");
const stampPath = join(modules, ".rogatory-stamp");
const lockText = readFileSync(join(root, "package-lock.json"), "utf8");
const lockDigest = createHash("sha256").update(lockText).digest("hex");

/** Ends the program with one sentence; there is nothing to clean up. */
function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

function isInstalled() {
  if (readOrUndefined(stampPath) === lockDigest) return true;
  if (!isInstalledByHand()) return false;
  try {
    writeFileSync(stampPath, lockDigest);
  } catch {
    // A read-only checkout that is complete works as it is; it is only compared again next time.
  }
  return true;
}

/**
 * Whether somebody ran `npm ci` or `npm install` themselves. npm writes its hidden lock file last,
 * so that an interrupted installation has none.
 */
function isInstalledByHand() {
  const hidden = readOrUndefined(join(modules, ".package-lock.json"));
  if (hidden === undefined) return false;
  try {
    const installed = JSON.parse(hidden).packages;
    return Object.entries(JSON.parse(lockText).packages).every(([path, wanted]) => {
      if (path === "") return true;
      const found = installed[path];
      if (found === undefined) return wanted.optional === true || wanted.devOptional === true;
      return found.version === wanted.version && found.integrity === wanted.integrity;
    });
  } catch {
    return false;
  }
}

function readOrUndefined(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** `npm ci` deletes node_modules first: two of them at once would break each other. */
async function withInstallLock(work) {
  const lockPath = join(root, ".cache", "install.lock");
  for (;;) {
    try {
      mkdirSync(join(root, ".cache"), { recursive: true });
      const file = openSync(lockPath, "wx");
      writeSync(file, String(process.pid));
      closeSync(file);
      break;
    } catch (error) {
      if (error.code !== "EEXIST") {
        fail(
          `The dependencies are not installed and ${root} cannot be written to (${error.code}): make the folder writable, or free some disk space, and try again.`,
        );
      }
    }
    const holder = Number(readOrUndefined(lockPath));
    if (holder > 0 && !isAlive(holder)) rmSync(lockPath, { force: true });
    else await delay(300);
  }
  process.on("exit", () => rmSync(lockPath, { force: true }));
  work();
  rmSync(lockPath, { force: true });
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function install() {
  if (isInstalled()) return;
  process.stderr.write("Installing the dependencies (once; up to a minute)...\n");
  const args = [
    "ci",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    "--include=dev",
    "--include=optional",
  ];
  const npm = process.env.npm_execpath;
  const throughNode = npm !== undefined && basename(npm) === "npm-cli.js";
  const { status, error, signal, stderr } = spawnSync(
    throughNode ? process.execPath : "npm",
    throughNode ? [npm, ...args] : args,
    {
      cwd: root,
      stdio: ["ignore", "ignore", "pipe"],
      shell: process.platform === "win32" && !throughNode,
      encoding: "utf8",
    },
  );
  if (signal !== null) process.exit(130);
  if (error?.code === "ENOENT") {
    fail("The dependencies are not installed and npm was not found: install npm and try again.");
  }
  if (status !== 0 || !existsSync(modules)) fail(installationFailure(stderr ?? ""));
  writeFileSync(stampPath, lockDigest);
}

function installationFailure(output) {
  if (/EACCES|EPERM|EROFS|ENOSPC/.test(output)) {
    return `The dependencies could not be installed because ${root} cannot be written to: make the folder writable, or free some disk space, and try again.`;
  }
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network/i.test(output)) {
    return "The dependencies could not be downloaded: check the network connection and npm's registry and proxy settings, and try again.";
  }
  const gist = output.split("\n").find((line) => /error/i.test(line)) ?? "npm gave no reason";
  return `The dependencies could not be installed (${gist.trim()}): run \`npm ci --ignore-scripts\` to see all of it, and try again.`;
}

/** The JavaScript file behind `node_modules/.bin/NAME`. */
function programFile(name) {
  const path = join(modules, ".bin", name);
  if (!existsSync(path)) fail(`The program ${name} is not among the dependencies in ${modules}.`);
  if (process.platform !== "win32") return realpathSync(path);
  // npm writes a shell script there instead of a link.
  const target = /"\$basedir\/([^"]+\.[cm]?js)"/.exec(readFileSync(path, "utf8"))?.[1];
  return target === undefined ? path : join(modules, ".bin", target);
}

const [first, ...rest] = process.argv.slice(2);
if (first === undefined || (first === "--bin" && rest[0] === undefined)) {
  fail("Usage: node tools/with-node.mjs FILE.ts [ARGUMENT...] or --bin NAME [ARGUMENT...]");
}
if (!isInstalled()) await withInstallLock(install);
const node = findNode(root);
if ("missing" in node) fail(node.missing);
const command = first === "--bin" ? [programFile(rest[0]), ...rest.slice(1)] : [first, ...rest];
runNode(node.path, command, {
  ...process.env,
  PATH: [join(modules, ".bin"), process.env.PATH].filter(Boolean).join(delimiter),
});
