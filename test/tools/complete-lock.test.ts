import { expect, it } from "vitest";
import { missingEntries } from "../../tools/complete-lock.ts";

const parent = (names: readonly string[]) => ({
  version: "1.0.0",
  dev: true,
  optionalDependencies: Object.fromEntries(names.map((name) => [name, "1.0.0"])),
});

it("the lock file gets an entry for every platform build that a mirror did not have", () => {
  const names = ["tool-linux-x64", "@tool/cli-darwin-arm64", "@tool/cli-linux-x64-musl", "extra"];
  const packages = {
    "node_modules/tool": parent(names),
    "node_modules/tool-linux-x64": { version: "1.0.0" },
  };
  const missing = missingEntries(packages);
  expect(missing).toEqual({
    "node_modules/@tool/cli-darwin-arm64": {
      ...{ version: "1.0.0", dev: true, optional: true },
      ...{ os: ["darwin"], cpu: ["arm64"] },
    },
    "node_modules/@tool/cli-linux-x64-musl": {
      ...{ version: "1.0.0", dev: true, optional: true },
      ...{ os: ["linux"], cpu: ["x64"], libc: ["musl"] },
    },
  });
  expect(missingEntries({ ...packages, ...missing })).toEqual({});
});
