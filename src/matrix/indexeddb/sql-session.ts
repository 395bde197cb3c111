import { CompiledQuery, type Kysely } from "kysely";

/** The two things the store needs from a database; statements are constant texts with parameters. */
export interface SqlSession {
  run<Row>(text: string, parameters: readonly unknown[]): Promise<readonly Row[]>;
  /** One SQL transaction around `work`, which must await nothing but its own statements. */
  atomically<Result>(work: (session: SqlSession) => Promise<Result>): Promise<Result>;
}

export function sqlSession<Tables>(db: Kysely<Tables>): SqlSession {
  return {
    async run<Row>(text: string, parameters: readonly unknown[]): Promise<readonly Row[]> {
      const result = await db.executeQuery<Row>(CompiledQuery.raw(text, [...parameters]));
      return result.rows;
    },
    atomically: (work) => db.transaction().execute((transaction) => work(sqlSession(transaction))),
  };
}
