#!/usr/bin/env node
// Plain JavaScript: it must also run on an older Node, to say or to start what is needed.
import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { findNode, keepCompiledCode, runNode, runningNodeSuffices } from "./node-runtime.js";

const root = dirname(dirname(realpathSync(fileURLToPath(import.meta.url))));
// A checkout runs from its sources; the published package has only what the build made of them.
const entry = ["src/cli/main.ts", "dist/src/cli/main.js"]
  .map((path) => join(root, path))
  .find((path) => existsSync(path));

keepCompiledCode(root);
if (entry === undefined) {
  process.stderr.write(
    "rogatory: this package is incomplete (dist/src/cli/main.js is missing): install it again, or run `npm run build` in a checkout.\n",
  );
  process.exitCode = 1;
} else if (runningNodeSuffices) {
  process.argv[1] = entry;
  // A dependency of matrix-bot-sdk uses `util._extend`; users can do nothing about it.
  process.noDeprecation ??= true;
  await import(pathToFileURL(entry).href);
} else {
  const node = findNode(root);
  if ("missing" in node) {
    process.stderr.write(`rogatory: ${node.missing}\n`);
    process.exitCode = 1;
  } else {
    runNode(node.path, [entry, ...process.argv.slice(2)], process.env);
  }
}
