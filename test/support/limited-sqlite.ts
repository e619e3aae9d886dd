import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import * as z from "zod";
import { sqlStatements } from "./stores/remote-database.ts";

const migrations = resolve(import.meta.dirname, "../../src/ledger/migrations");

const PAGE_BYTES = 4096;

/** SQLite's own number of "database or disk is full" (sqlite.org/rescode.html#full). */
const SQLITE_FULL = 13;

const pragma = z.record(z.string(), z.number());
const sqliteError = z.object({ errcode: z.number(), message: z.string() });
const inputs = z.array(z.union([z.string(), z.number(), z.null()]));

/**
 * A migrated SQLite with a limit of pages, which is what a full D1 is: what needs a page more is refused, what is deleted gives
 * pages back. It stands in for D1, whose local copy takes no limit, and answers as D1 does.
 */
export function limitedSqlite() {
  const db = new DatabaseSync(":memory:");
  for (const file of readdirSync(migrations).sort()) db.exec(readFileSync(join(migrations, file), "utf8"));
  let claimedBytes: number | undefined;
  const numberOf = (name: string) => Object.values(pragma.parse(db.prepare(`PRAGMA ${name}`).get()))[0] ?? 0;

  function run(sql: string, values: SQLInputValue[]) {
    const statement = db.prepare(sql);
    const results = statement.columns().length > 0 ? statement.all(...values) : [];
    const changes = statement.columns().length > 0 ? results.length : Number(statement.run(...values).changes);
    const size_after = claimedBytes ?? (numberOf("page_count") - numberOf("freelist_count")) * PAGE_BYTES;
    return { success: true, results, meta: { changes, size_after } };
  }

  /** All statements in one transaction, as D1 has it. */
  function transaction(statements: z.infer<typeof sqlStatements>) {
    db.exec("BEGIN");
    try {
      const results = statements.map(({ sql, values }) => run(sql, inputs.parse(values)));
      db.exec("COMMIT");
      return { results };
    } catch (error) {
      // SQLite ends some transactions by itself.
      if (db.isTransaction) db.exec("ROLLBACK");
      const { errcode, message } = sqliteError.parse(error);
      return {
        error: `D1_ERROR: ${errcode === SQLITE_FULL ? "Exceeded maximum DB size" : `${message}: SQLITE_ERROR`}`,
      };
    }
  }

  return {
    /** Answers the Worker of `chaos/full-ledger.ts`. */
    answer: (statements: unknown) => transaction(sqlStatements.parse(statements)),
    rows: (sql: string) => db.prepare(sql).all(),
    exec: (sql: string) => db.exec(sql),
    /** Takes so many pages more from now on. */
    limit: (pages = 0) => db.exec(`PRAGMA max_page_count = ${numberOf("page_count") + pages}`),
    /** Says from now on that it is so large. */
    claimBytes: (bytes: number) => {
      claimedBytes = bytes;
    },
    makeRoom: () => db.exec("PRAGMA max_page_count = 1000000"),
    close: () => db.close(),
  };
}
