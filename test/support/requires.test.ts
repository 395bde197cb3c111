import { afterEach, describe, expect, it, vi } from "vitest";
import { isInstalled, requires } from "./requires.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("a test that needs a program", () => {
  it("runs where the program is installed", (context) => {
    requires("coreutils", "ls")(context);
    expect(isInstalled("ls")).toBe(true);
    expect(isInstalled("no-such-program")).toBe(false);
  });

  it("fails where CI is set and the program is missing", (context) => {
    vi.stubEnv("CI", "true");
    expect(() => requires("some-package", "no-such-program")(context)).toThrow("some-package");
  });
});
