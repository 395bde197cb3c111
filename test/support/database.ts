import { randomUUID } from "node:crypto";
import pg from "pg";
import type { DatabaseLocation } from "../../src/db/database.ts";

/** Names the databases of one test run, so that its end finds them all. */
const prefix = `rogatory_test_${process.env.ROGATORY_TEST_RUN ?? "alone"}_`;

/**
 * An empty database for a test: PGlite in memory, or in the test project `postgresql` a database of
 * its own on the server that DATABASE_URL names. The end of the run drops it.
 */
export async function testLocation(): Promise<DatabaseLocation> {
  const url = await testDatabaseUrl();
  return url === undefined ? { kind: "memory" } : { kind: "postgresql", url };
}

/** The same for a program that is started by the test; undefined where it uses PGlite. */
export async function testDatabaseUrl(): Promise<string | undefined> {
  const server = process.env.DATABASE_URL;
  if (process.env.ROGATORY_TEST_DATABASE !== "postgresql" || server === undefined) return undefined;
  const name = `${prefix}${randomUUID().replaceAll("-", "")}`;
  await administer(server, (client) => client.query(`create database ${name}`));
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

/** Drops what the tests of this run have made. */
export async function dropTestDatabases(): Promise<void> {
  const server = process.env.DATABASE_URL;
  if (server === undefined) return;
  await administer(server, async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      "select datname from pg_database where starts_with(datname, $1)",
      [prefix],
    );
    for (const { datname } of rows) await client.query(`drop database ${datname} with (force)`);
  });
}

async function administer(
  server: string,
  work: (client: pg.Client) => Promise<unknown>,
): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
