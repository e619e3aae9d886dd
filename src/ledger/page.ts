import type * as z from "zod";
import { askStore } from "../stores/ask.ts";
import { type LedgerReader, parseRows } from "./schema.ts";

/**
 * Rows that a page looks at for those that its filter shows, besides those of the same key as the last: some 50 ms of D1's one
 * thread. Where few of them fit, a page has fewer rows than its limit, even none, and the next one goes on from there.
 */
export const MAX_LOOKED_AT = 20_000;

/** A piece of SQL with the values of its question marks. */
export interface Condition {
  sql: string;
  values: readonly (string | number)[];
}

/** The order of a listing: by a key, the highest first. */
export interface Order<Place> {
  /** SQL for the key. */
  key: string;
  /** SQL for the whole order. */
  sql: string;
  /** Below every key. */
  lowest: "" | 0;
  /** The columns by which a next page begins. */
  place: z.ZodType<Place>;
  /** SQL for a place that comes after every row of the current row's key. */
  placeBehindKey: string;
}

/** Rows of a table, page after page. */
export interface Listing<Row extends Place, Place> {
  row: z.ZodType<Row>;
  /** SQL for the columns of the row. */
  columns: string;
  /** SQL for the table that has the key, and for what it is joined with. */
  table: string;
  joined?: string;
  order: Order<Place>;
  /** Conditions that an index serves. */
  range: readonly Condition[];
  /** Conditions for which rows are looked at one by one. */
  filter: readonly Condition[];
}

/** A page of a listing. */
export interface Page<Row, Place> {
  rows: Row[];
  /** Where the next page begins; absent when there are no more rows. */
  next?: Place | undefined;
}

/**
 * Reads a page of a listing, in one round trip.
 * @param limit of rows
 * @param options `timeoutMs`: milliseconds, for what may take long
 */
export async function readPage<Row extends Place, Place>(
  db: LedgerReader,
  { row, columns, table, joined = "", order, range, filter }: Listing<Row, Place>,
  limit: number,
  options: { timeoutMs?: number } = {},
): Promise<Page<Row, Place>> {
  const furthest = (what: string): Condition => ({
    sql: `SELECT ${what} FROM ${table} ${whereSql(range)} ORDER BY ${order.sql} LIMIT 1 OFFSET ${MAX_LOOKED_AT - 1}`,
    values: valuesOf(range),
  });
  const { sql, values } = furthest(order.key);
  const reach: Condition = { sql: `${order.key} >= coalesce((${sql}), ?)`, values: [...values, order.lowest] };
  const conditions = filter.length === 0 ? range : [...range, ...filter, reach];
  const shown: Condition = {
    sql: `SELECT ${columns} FROM ${table} ${joined} ${whereSql(conditions)} ORDER BY ${order.sql} LIMIT ?`,
    // One row more than the page has shows whether there are more.
    values: [...valuesOf(conditions), limit + 1],
  };
  const queries = filter.length === 0 ? [shown] : [shown, furthest(order.placeBehindKey)];
  const [result, end] = await askStore(
    "D1",
    () => db.batch(queries.map(({ sql, values }) => db.prepare(sql).bind(...values))),
    options,
  );
  const rows = parseRows(row, result);
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  if (last !== undefined) return { rows: rows.slice(0, limit), next: order.place.parse(last) };
  const [next] = end === undefined ? [] : parseRows(order.place, end);
  return { rows, next };
}

export function whereSql(conditions: readonly Condition[]): string {
  return conditions.length === 0 ? "" : `WHERE ${conditions.map(({ sql }) => sql).join(" AND ")}`;
}

function valuesOf(conditions: readonly Condition[]): (string | number)[] {
  return conditions.flatMap(({ values }) => values);
}
