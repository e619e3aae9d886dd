import * as z from "zod";
import { askStore, LONG_QUERY_TIMEOUT_MS } from "../stores/ask.ts";
import { type Columns, type Value, valueOfD1 } from "./parquet.ts";
import { type TableName, tables } from "./tables.ts";

/** Text of one file at the most, but for its last row: several copies of it are in memory at once, of the 128 MB of an isolate. */
const MAX_PAGE_BYTES = 6_000_000;

/** The key of the last row of a page: the time and the number of its call, and what tells its rows apart. */
export const rowKey = z.array(z.union([z.string(), z.number()]));
type RowKey = z.infer<typeof rowKey>;

/** Rows of a day, in the order of its calls. */
export interface Page {
  columns: Columns;
  rows: number;
  /** Where the next page goes on; absent of a page without rows. */
  last?: RowKey;
}

/**
 * Reads the next rows of a day's calls.
 * @param after the key of the row before; absent at the beginning
 */
export async function readPage(db: D1Database, table: TableName, day: string, after?: RowKey): Promise<Page> {
  const { columns, key, maxRows } = tables[table];
  const query = db.prepare(pageSql(table, after !== undefined)).bind(day, maxRows, MAX_PAGE_BYTES, ...(after ?? []));
  const rows: unknown[][] = await askStore("D1", () => query.raw(), { timeoutMs: LONG_QUERY_TIMEOUT_MS });
  const last = rows.at(-1)?.slice(0, key.length);
  return {
    columns: Object.values(columns).map((type, index): Value[] =>
      rows.map((row) => valueOfD1(row[key.length + index], type)),
    ),
    rows: rows.length,
    ...(last && { last: rowKey.parse(last) }),
  };
}

/** Parameters: 1 day, 2 rows at the most, 3 bytes at the most, from 4 on the key of the row before. Columns: the key, then those of the table. */
function pageSql(table: TableName, isAfter: boolean): string {
  const { columns, key } = tables[table];
  const keys = key.map((_, index) => `key_${index}`);
  const own = table === "calls" ? "" : `CROSS JOIN ${table} ON ${table}.call_id = calls.call_id`;
  const bytes = Object.entries(columns)
    .filter(([, type]) => type === "STRING")
    .map(([name]) => `coalesce(octet_length(${table}.${name}), 0)`);
  const sameRow = key.map((column, index) => `${column} = key_${index}`);
  // Sizes first, without the values: a row may have 2 MB. CROSS JOIN keeps SQLite to this order.
  return `
WITH page AS (
  SELECT ${keys.join(", ")}, sum(bytes) OVER (ORDER BY ${keys.join(", ")} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before
  FROM (
    SELECT ${key.map((column, index) => `${column} AS key_${index}`).join(", ")}, ${bytes.join(" + ")} AS bytes
    FROM calls ${own}
    WHERE calls.called_at >= ?1 AND calls.called_at < date(?1, '+1 day')
      ${isAfter ? `AND calls.called_at >= ?4 AND (${key.join(", ")}) > (${key.map((_, index) => `?${index + 4}`).join(", ")})` : ""}
    ORDER BY ${key.join(", ")}
    LIMIT ?2
  )
)
SELECT ${[...keys, ...Object.keys(columns).map((name) => `${table}.${name}`)].join(", ")}
FROM page CROSS JOIN calls ${own} ${own === "" ? "ON" : "AND"} ${sameRow.join(" AND ")}
WHERE coalesce(bytes_before, 0) < ?3
ORDER BY ${keys.join(", ")}`;
}
