import { randomUUID } from "node:crypto";
import { Client } from "pg";
import type { DatabaseLocation } from "../../src/db/database.ts";

/** PostgreSQL for tests: the URL of a server on which databases may be made. */
export const postgresUrl = process.env.DATABASE_URL;

export interface TestPostgres {
  readonly url: string;
  readonly location: DatabaseLocation;
  /** Runs a statement beside everything else. */
  query(text: string, parameters?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
  drop(): Promise<void>;
}

/** A database of its own: advisory locks belong to a database, not to a schema. */
export async function createTestDatabase(server: string): Promise<TestPostgres> {
  const name = `rogatory_${randomUUID().replaceAll("-", "")}`;
  const administration = new Client({ connectionString: server });
  await administration.connect();
  await administration.query(`create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const beside = new Client({ connectionString: url.href });
  await beside.connect();
  return {
    url: url.href,
    location: { kind: "postgresql", url: url.href },
    query: async (text, parameters = []) => (await beside.query(text, [...parameters])).rows,
    async drop() {
      await beside.end();
      await administration.query(`drop database ${name} with (force)`);
      await administration.end();
    },
  };
}
