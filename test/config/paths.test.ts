import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  cacheDirectory,
  configDirectory,
  packageDirectory,
  packageVersion,
} from "../../src/config/paths.ts";

describe("the places of the package", () => {
  it("are found from the sources", () => {
    expect(existsSync(join(packageDirectory(), "bin", "rogatory.js"))).toBe(true);
    expect(existsSync(configDirectory())).toBe(true);
    expect(packageVersion()).toMatch(/^\d+\.\d+\.\d+/);
  });

  it("keep a checkout's cache inside it", () => {
    expect(cacheDirectory({ XDG_CACHE_HOME: "/elsewhere" })).toBe(
      join(packageDirectory(), ".cache"),
    );
  });
});
