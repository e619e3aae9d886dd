import * as z from "zod";
import { cursorOf, writeCursor } from "../http/cursor.ts";
import { askStore } from "../stores/ask.ts";
import { type LedgerReader, type ListedRow, parseRows } from "./schema.ts";

/**
 * Rows that a page with a filter reads, plus those with the same key as the last: some 50 ms of D1's one thread. If few of them match,
 * the page has fewer rows than its limit, even none, and the next page goes on from there.
 */
export const MAX_LOOKED_AT = 20_000;

/** Bytes after which a page ends: a call may have 1.7 MB, and a Worker has 128 MB. */
const MAX_PAGE_BYTES = 8_000_000;

/** A piece of SQL with the values of its question marks. */
export interface Condition {
  sql: string;
  values: readonly (string | number)[];
}

/** The query of a listing. */
export interface Listing<Row> {
  /** The columns that are read, and no others. */
  row: ListedRow<Row>;
  /** SQL for those that the table does not have. */
  elsewhere?: { [column: string]: string };
  table: "calls" | "sync_deliveries";
  /** SQL of the table that is walked, or of an index with its row ids: the highest key first, among equals the highest id. */
  walk: { table: string; key: string; id: string };
  /** Conditions that an index serves. */
  range: readonly Condition[];
  /** Conditions that no index serves: rows are read one by one. */
  filter: readonly Condition[];
}

const position = z.object({ page_key: z.union([z.string(), z.number()]), page_id: z.number().int() });

/** The row of a listing after which a page begins. */
export type PagePosition = z.infer<typeof position>;

const { page_key, page_id } = position.shape;
export const pageCursor = cursorOf(
  z.tuple([page_key, page_id]).transform(([page_key, page_id]): PagePosition => ({ page_key, page_id })),
);

/** Encodes the `next` of a page as a cursor; null if there is no next page. */
export function writePageCursor(next: PagePosition | undefined): string | null {
  return next === undefined ? null : writeCursor(next.page_key, next.page_id);
}

/** Which page of a listing to read. */
export interface PageAt {
  /** Rows. */
  limit: number;
  /** The `next` of the page before. */
  after?: PagePosition | undefined;
  /** Whether to count all rows of the listing, of this page and of the others. */
  count?: boolean | undefined;
}

/** How many rows a listing has, among the newest {@link MAX_LOOKED_AT} that it walks by. */
export interface Matching {
  count: number;
  /** Whether these were all; else there are that many or more. */
  exact: boolean;
}

/** A page of a listing. */
export interface Page<Row> {
  rows: Row[];
  /** Where the next page begins; absent when there are no more rows. */
  next?: PagePosition | undefined;
  /** Absent unless it was asked for. */
  matching?: Matching | undefined;
}

/** The position of a row, and how many rows the page could have. */
const listedPosition = position.extend({ candidates: z.number() });

const countRow = z.object({ looked_at: z.number(), matching: z.number() });

/**
 * Reads a page of a listing, in one round trip: up to `limit` rows, fewer once these have {@link MAX_PAGE_BYTES}.
 * @param options `timeoutMs`: milliseconds, for a listing that may take long
 */
export async function readPage<Row>(
  db: LedgerReader,
  { row, elsewhere = {}, ...listing }: Listing<Row>,
  { limit, after, count = false }: PageAt,
  options: { timeoutMs?: number } = {},
): Promise<Page<Row>> {
  const { table, walk, filter } = listing;
  const { key, id } = walk;
  const range = after === undefined ? listing.range : [...listing.range, isBehind(after, walk)];
  const order = orderSql(walk);
  const furthest = (selected: string): Condition => ({
    sql: `SELECT ${selected} FROM ${walk.table} ${whereSql(range)} ORDER BY ${order} LIMIT 1 OFFSET ${MAX_LOOKED_AT - 1}`,
    values: valuesOf(range),
  });
  const { sql, values } = furthest(key);
  // Below every id, and as text below every time.
  const reach: Condition = { sql: `${key} >= coalesce((${sql}), 0)`, values };
  const conditions = filter.length === 0 ? range : [...range, ...filter, reach];
  const expressions = Object.keys(row.shape).map((column) => ({
    column,
    sql: elsewhere[column] ?? `${table}.${column}`,
  }));
  const columns = expressions.map(({ column, sql }) => `${sql} AS ${column}`);
  const bytes = expressions.map(({ sql }) => `coalesce(octet_length(${sql}), 0)`).join(" + ");
  const joined = walk.table === table ? "" : `CROSS JOIN ${table} ON ${table}.rowid = ${id}`;
  const shown: Condition = {
    // SQLite reads the length of a value without reading the value.
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
  const further = filter.length === 0 ? [] : [furthest(`${key} AS page_key, 0 AS page_id`)];
  const queries = [shown, ...(count ? [countOf(listing)] : []), ...further];
  const [result, ...others] = await askStore(
    "D1",
    () => db.batch(queries.map(({ sql, values }) => db.prepare(sql).bind(...values))),
    options,
  );
  const matching = count ? matchingOf(others.shift()) : undefined;
  const [end] = others;
  const rows = parseRows(row, result).slice(0, limit);
  const last = parseRows(listedPosition, result)[rows.length - 1];
  if (last !== undefined && last.candidates > rows.length) {
    return { rows, next: { page_key: last.page_key, page_id: last.page_id }, matching };
  }
  const [next] = end === undefined ? [] : parseRows(position, end);
  return { rows, next, matching };
}

/** The rows that a listing walks by, the newest first, up to a number. */
export function walked({ walk, range }: Pick<Listing<unknown>, "walk" | "range">, limit = MAX_LOOKED_AT): Condition {
  return {
    sql: `SELECT ${walk.id} AS walked_id FROM ${walk.table} ${whereSql(range)} ORDER BY ${orderSql(walk)} LIMIT ${limit}`,
    values: valuesOf(range),
  };
}

/** Counts the rows of a listing among those that it walks by; one more that it looks for shows whether there are more. */
function countOf(listing: Omit<Listing<unknown>, "row">): Condition {
  const { table, filter } = listing;
  const { sql, values } = walked(listing, MAX_LOOKED_AT + 1);
  if (filter.length === 0) return { sql: `SELECT count(*) AS looked_at, count(*) AS matching FROM (${sql})`, values };
  return {
    sql: `WITH walked AS MATERIALIZED (${sql})
      SELECT (SELECT count(*) FROM walked) AS looked_at, count(*) AS matching
      FROM (SELECT walked_id FROM walked LIMIT ${MAX_LOOKED_AT}) CROSS JOIN ${table} ON ${table}.rowid = walked_id ${whereSql(filter)}`,
    values: [...values, ...valuesOf(filter)],
  };
}

function matchingOf(result: D1Result | undefined): Matching {
  const [{ looked_at, matching } = { looked_at: 0, matching: 0 }] = parseRows(countRow, result);
  return { count: Math.min(matching, MAX_LOOKED_AT), exact: looked_at <= MAX_LOOKED_AT };
}

function orderSql({ key, id }: Listing<unknown>["walk"]): string {
  return key === id ? `${id} DESC` : `${key} DESC, ${id} DESC`;
}

function isBehind({ page_key, page_id }: PagePosition, { key, id }: Listing<unknown>["walk"]): Condition {
  // Numbers reach SQLite as REAL, and full text search skips to an INTEGER only.
  if (key === id) return { sql: `${id} < CAST(? AS INTEGER)`, values: [page_key] };
  return { sql: `(${key}, ${id}) < (?, ?)`, values: [page_key, page_id] };
}

export function whereSql(conditions: readonly Condition[]): string {
  return conditions.length === 0 ? "" : `WHERE ${conditions.map(({ sql }) => sql).join(" AND ")}`;
}

export function valuesOf(conditions: readonly Condition[]): (string | number)[] {
  return conditions.flatMap(({ values }) => values);
}
