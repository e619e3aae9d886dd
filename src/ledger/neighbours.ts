import * as z from "zod";
import { askStore, LONG_QUERY_TIMEOUT_MS } from "../stores/ask.ts";
import type { CallFilter } from "./call-conditions.ts";
import { type CallsAmong, walkOf } from "./calls.ts";
import { type Condition, type Listing, MAX_LOOKED_AT, valuesOf, whereSql } from "./page.ts";
import { type LedgerReader, parseRows } from "./schema.ts";

/** The ids of the calls beside one in a listing; `undefined` at its end, or if none matches among the next {@link MAX_LOOKED_AT}. */
export interface Neighbours {
  newer: string | undefined;
  older: string | undefined;
}

const neighbour = z.object({ call_id: z.string() });

/** Finds the calls beside one in the order of a listing, whether or not the listing has it. */
export async function readNeighbours(
  db: LedgerReader,
  among: CallsAmong,
  filter: CallFilter,
  callId: string,
): Promise<Neighbours> {
  const listing = walkOf(among, filter);
  const queries = [nextSql(listing, callId, ">", "ASC"), nextSql(listing, callId, "<", "DESC")];
  const results = await askStore(
    "D1",
    () => db.batch(queries.map(({ sql, values }) => db.prepare(sql).bind(...values))),
    { timeoutMs: LONG_QUERY_TIMEOUT_MS },
  );
  const [newer, older] = results.map((result) => parseRows(neighbour, result)[0]?.call_id);
  return { newer, older };
}

function nextSql(
  { walk: { table, key, id }, range, filter }: Pick<Listing<unknown>, "walk" | "range" | "filter">,
  callId: string,
  comparison: "<" | ">",
  direction: "ASC" | "DESC",
): Condition {
  const beyond: Condition =
    key === id
      ? { sql: `${id} ${comparison} (SELECT id FROM calls WHERE call_id = ?)`, values: [callId] }
      : { sql: `(${key}, ${id}) ${comparison} (SELECT called_at, id FROM calls WHERE call_id = ?)`, values: [callId] };
  const order = key === id ? `${id} ${direction}` : `${key} ${direction}, ${id} ${direction}`;
  const conditions = [...range, beyond];
  return {
    sql: `WITH walked AS MATERIALIZED (
        SELECT ${key} AS walked_key, ${id} AS walked_id FROM ${table} ${whereSql(conditions)} ORDER BY ${order}
        LIMIT ${filter.length === 0 ? 1 : MAX_LOOKED_AT}
      )
      SELECT calls.call_id FROM walked CROSS JOIN calls ON calls.id = walked_id ${whereSql(filter)}
      ORDER BY walked_key ${direction}, walked_id ${direction} LIMIT 1`,
    values: [...valuesOf(conditions), ...valuesOf(filter)],
  };
}
