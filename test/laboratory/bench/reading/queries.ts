import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { root } from "../../../support/bundle.ts";
import { median } from "../../../support/statistics.ts";
import type { Pair } from "./pair.ts";

const folder = resolve(root, "src/ledger/queries");
const TIMES = 5;

/** The names of the queries, files that run as they stand. */
export const queryFiles: readonly string[] = readdirSync(folder).filter((name) => name.endsWith(".sql"));

/** What a query asks of the smaller and of the larger ledger. */
export interface QueryFigures {
  rowsRead: Pair;
  /** As D1 counts them, without the way there and back. */
  milliseconds: Pair;
}

/** By turns, so that whatever else the machine does meets both. */
export async function measureQuery(few: D1Database, many: D1Database, file: string): Promise<QueryFigures> {
  const sql = readFileSync(join(folder, file), "utf8");
  const metas: Record<keyof Pair, D1Meta[]> = { few: [], many: [] };
  for (let time = 0; time < TIMES; time++) {
    metas.few.push((await few.prepare(sql).all()).meta);
    metas.many.push((await many.prepare(sql).all()).meta);
  }
  const medians = (figure: (meta: D1Meta) => number): Pair => ({
    few: median(metas.few.map(figure)),
    many: median(metas.many.map(figure)),
  });
  return { rowsRead: medians(({ rows_read }) => rows_read), milliseconds: medians(({ duration }) => duration) };
}
