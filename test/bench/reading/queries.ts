import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { root } from "../bundle.ts";
import { median } from "../statistics.ts";

const folder = resolve(root, "src/ledger/queries");
const TIMES = 5;

/** What a query asks of a database. */
export interface QueryFigures {
  rowsRead: number;
  /** As D1 counts them, without the way there and back. */
  milliseconds: number;
}

/** The names of the queries, files that run as they stand. */
export const queryFiles: readonly string[] = readdirSync(folder).filter((name) => name.endsWith(".sql"));

export async function measureQuery(database: D1Database, file: string): Promise<QueryFigures> {
  const statement = database.prepare(readFileSync(join(folder, file), "utf8"));
  const results: D1Meta[] = [];
  for (let time = 0; time < TIMES; time++) results.push((await statement.all()).meta);
  return {
    rowsRead: median(results.map(({ rows_read }) => rows_read)),
    milliseconds: median(results.map(({ duration }) => duration)),
  };
}
