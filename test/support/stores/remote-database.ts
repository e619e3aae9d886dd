import * as z from "zod";

/** What a statement is to do, as it travels to `support/limited-sqlite.ts`. */
export const sqlStatements = z.array(z.object({ sql: z.string(), values: z.array(z.unknown()) }));
type SqlStatement = z.infer<typeof sqlStatements>[number];

const answer = z.union([z.object({ results: z.array(z.unknown()) }), z.object({ error: z.string() })]);

/** A D1 binding that has its statements run by another SQLite. It is D1 as far as this Worker uses it. */
export function remoteDatabase(local: D1Database, sqlite: Fetcher): D1Database {
  const statements = new WeakMap<object, SqlStatement>();

  async function run(batch: readonly SqlStatement[]): Promise<unknown[]> {
    const response = await sqlite.fetch("http://sqlite/", { method: "POST", body: JSON.stringify(batch) });
    const read = answer.parse(await response.json());
    if ("error" in read) throw new Error(read.error);
    return read.results;
  }

  function prepare(statement: SqlStatement): D1PreparedStatement {
    const prepared = new Proxy(local.prepare("SELECT 1"), {
      get(_, property) {
        if (property === "bind") return (...values: unknown[]) => prepare({ ...statement, values });
        if (property === "all" || property === "run") return async () => (await run([statement]))[0];
        throw new Error(`nobody here knows D1PreparedStatement.${String(property)}`);
      },
    });
    statements.set(prepared, statement);
    return prepared;
  }

  const database: D1Database = new Proxy(local, {
    get(_, property) {
      // There are no copies of it.
      if (property === "withSession") return () => database;
      if (property === "prepare") return (sql: string) => prepare({ sql, values: [] });
      if (property === "batch") {
        return (batch: D1PreparedStatement[]) => run(batch.flatMap((one) => statements.get(one) ?? []));
      }
      throw new Error(`nobody here knows D1Database.${String(property)}`);
    },
  });
  return database;
}
