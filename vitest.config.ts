import { defineConfig } from "vitest/config";

/** Tests whose database is `testLocation()` or `testDatabaseUrl()`: they run on PGlite, and again on a real PostgreSQL. */
const onDatabase = [
  "test/chaos/chaos.test.ts",
  "test/cli/{bot-recover,outbox}.test.ts",
  "test/commands/**/*.test.ts",
  "test/db/**/*.test.ts",
  "test/delivery/**/*.test.ts",
  "test/demo/**/*.test.ts",
  "test/e2e/markers.test.ts",
  "test/matrix/session/**/*.test.ts",
  "test/process/{destroy-due,metrics,operations}.test.ts",
  "test/services/**/*.test.ts",
  "test/signals/**/*.test.ts",
  "test/timers/**/*.test.ts",
  "test/vault/**/*.test.ts",
];

const projects = [
  { extends: true as const, test: { name: "pglite", include: ["test/**/*.test.ts"] } },
  ...(process.env.DATABASE_URL === undefined
    ? []
    : [
        {
          extends: true as const,
          test: {
            name: "postgresql",
            include: onDatabase,
            env: { ROGATORY_TEST_DATABASE: "postgresql" },
          },
        },
      ]),
];

export default defineConfig({
  test: {
    projects,
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
