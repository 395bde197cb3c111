import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // A test that starts a homeserver or the program needs seconds, many on a busy machine; a
    // hanging one must still end.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
    // A homeserver beside each worker makes four busy processes; more than two workers would only
    // make each other time out on a small machine.
    maxWorkers: 2,
    pool: "forks",
    execArgv: ["--disable-warning=ExperimentalWarning", "--disable-warning=DEP0060"],
    globalSetup: ["test/support/prepare.ts"],
    reporters: ["default", "./test/support/totals-reporter.ts"],
  },
});
