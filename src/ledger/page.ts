import * as z from "zod";
import { cursorOf, writeCursor } from "../http/cursor.ts";
import { askStore } from "../stores/ask.ts";
import { type LedgerReader, type ListedRow, parseRows } from "./schema.ts";

/**
 * Rows that a page looks at for those that its filter shows, besides those of the same key as the last: some 50 ms of D1's one
 * thread. Where few of them fit, a page has fewer rows than its limit, even none, and the next one goes on from there.
 */
export const MAX_LOOKED_AT = 20_000;

/** Bytes after which a page ends: a call may have 1.7 MB, and a Worker has 128 MB for all that it does at once. */
const MAX_PAGE_BYTES = 8_000_000;

/** A piece of SQL with the values of its question marks. */
export interface Condition {
  sql: string;
  values: readonly (string | number)[];
}

/** Rows of a table, page after page. */
export interface Listing<Row> {
  /** The columns that are read, and no others. */
  row: ListedRow<Row>;
  table: "calls" | "sync_deliveries";
  /** SQL for what is walked: the table, or an index with the row ids of it; the highest key first, among equals the highest id. */
  walk: { table: string; key: string; id: string };
  /** Conditions that an index serves. */
  range: readonly Condition[];
  /** Conditions for which rows are looked at one by one. */
  filter: readonly Condition[];
}

const place = z.object({ page_key: z.union([z.string(), z.number()]), page_id: z.number().int() });

/** The row of a listing behind which a page begins. */
export type Place = z.infer<typeof place>;

const { page_key, page_id } = place.shape;
export const pageCursor = cursorOf(
  z.tuple([page_key, page_id]).transform(([page_key, page_id]): Place => ({ page_key, page_id })),
);

/** @returns null when there is no next page */
export function writePageCursor(next: Place | undefined): string | null {
  return next === undefined ? null : writeCursor(next.page_key, next.page_id);
}

/** Which page of a listing to read. */
export interface PageAt {
  /** Of rows. */
  limit: number;
  /** The `next` of the page before. */
  after?: Place | undefined;
}

/** A page of a listing. */
export interface Page<Row> {
  rows: Row[];
  /** Where the next page begins; absent when there are no more rows. */
  next?: Place | undefined;
}

/** Its place, and how many rows the page could have. */
const listedPlace = place.extend({ candidates: z.number() });

/**
 * Reads a page of a listing, in one round trip: up to `limit` rows, fewer once these have {@link MAX_PAGE_BYTES}.
 * @param options `timeoutMs`: milliseconds, for what may take long
 */
export async function readPage<Row>(
  db: LedgerReader,
  { row, table, walk, filter, ...listing }: Listing<Row>,
  { limit, after }: PageAt,
  options: { timeoutMs?: number } = {},
): Promise<Page<Row>> {
  const { key, id } = walk;
  const range = after === undefined ? listing.range : [...listing.range, isBehind(after, walk)];
  const order = key === id ? `${id} DESC` : `${key} DESC, ${id} DESC`;
  const furthest = (what: string): Condition => ({
    sql: `SELECT ${what} FROM ${walk.table} ${whereSql(range)} ORDER BY ${order} LIMIT 1 OFFSET ${MAX_LOOKED_AT - 1}`,
    values: valuesOf(range),
  });
  const { sql, values } = furthest(key);
  // Below every id, and as text below every time.
  const reach: Condition = { sql: `${key} >= coalesce((${sql}), 0)`, values };
  const conditions = filter.length === 0 ? range : [...range, ...filter, reach];
  const columns = Object.keys(row.shape).map((column) => `${table}.${column}`);
  const bytes = columns.map((column) => `coalesce(octet_length(${column}), 0)`).join(" + ");
  const joined = walk.table === table ? "" : `CROSS JOIN ${table} ON ${table}.rowid = ${id}`;
  const shown: Condition = {
    // SQLite reads the length of a value without the value.
    sql: `WITH candidates AS MATERIALIZED (
        SELECT ${key} AS page_key, ${id} AS page_id FROM ${walk.table} ${joined} ${whereSql(conditions)} ORDER BY ${order} LIMIT ?
      ), sized AS MATERIALIZED (
        SELECT page_key, page_id, sum(${bytes}) OVER (
            ORDER BY page_key DESC, page_id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
          ) AS bytes_before
        FROM candidates CROSS JOIN ${table} ON ${table}.rowid = page_id
      )
      SELECT ${columns.join(", ")}, page_key, page_id, (SELECT count(*) FROM candidates) AS candidates
      FROM sized CROSS JOIN ${table} ON ${table}.rowid = page_id
      WHERE coalesce(bytes_before, 0) < ${MAX_PAGE_BYTES} ORDER BY page_key DESC, page_id DESC`,
    // One row more than the page has shows whether there are more.
    values: [...valuesOf(conditions), limit + 1],
  };
  const queries = filter.length === 0 ? [shown] : [shown, furthest(`${key} AS page_key, 0 AS page_id`)];
  const [result, end] = await askStore(
    "D1",
    () => db.batch(queries.map(({ sql, values }) => db.prepare(sql).bind(...values))),
    options,
  );
  const rows = parseRows(row, result).slice(0, limit);
  const last = parseRows(listedPlace, result)[rows.length - 1];
  if (last !== undefined && last.candidates > rows.length) {
    return { rows, next: { page_key: last.page_key, page_id: last.page_id } };
  }
  const [next] = end === undefined ? [] : parseRows(place, end);
  return { rows, next };
}

function isBehind({ page_key, page_id }: Place, { key, id }: Listing<unknown>["walk"]): Condition {
  // Numbers reach SQLite as REAL, and full text search skips to an INTEGER only.
  if (key === id) return { sql: `${id} < CAST(? AS INTEGER)`, values: [page_key] };
  return { sql: `(${key}, ${id}) < (?, ?)`, values: [page_key, page_id] };
}

function whereSql(conditions: readonly Condition[]): string {
  return conditions.length === 0 ? "" : `WHERE ${conditions.map(({ sql }) => sql).join(" AND ")}`;
}

function valuesOf(conditions: readonly Condition[]): (string | number)[] {
  return conditions.flatMap(({ values }) => values);
}
