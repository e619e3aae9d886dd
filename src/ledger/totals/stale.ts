import * as z from "zod";
import { logError } from "../../log.ts";
import { askStore, LONG_QUERY_TIMEOUT_MS } from "../../stores/ask.ts";
import { parseRows } from "../schema.ts";
import { countSql, totalsColumns } from "./count.ts";
import { HOUR_MS, hourOf } from "./read.ts";

/** Calls end and are analyzed for a while after their hour is over, and each of them would have it counted anew. */
const SETTLE_MS = 15 * 60 * 1000;

/** Hours per cron run: each takes a query, two when it fails, of the 1,000 that D1 has for an invocation. Recovery takes most of these. */
const MAX_HOURS = 40;

const staleRow = z.object({ hour: z.string() });

/** Of stale hours: `insert` has the parameters of `countSql`, `remove` the first hour and the one after the last. */
export const countStaleSql = {
  insert: `INSERT INTO ledger_hours (hour, ${totalsColumns}) ${countSql}`,
  remove: "DELETE FROM ledger_stale_hours WHERE hour >= ?1 AND hour < ?2",
};

/** The statements, for one transaction, that count the stale hours from one on and before another. Safe to repeat. */
export function countStatements(db: D1Database, first: string, last: string): D1PreparedStatement[] {
  return [
    db.prepare(countStaleSql.insert).bind("[]", first, last, null),
    db.prepare(countStaleSql.remove).bind(first, last),
  ];
}

/**
 * Counts stale hours that are over, those first that have been stale for longest, each in a transaction of its own, so that
 * events do not wait for long. One that cannot be counted goes behind the others.
 */
export async function countStaleHours(db: D1Database, now: Date): Promise<{ counted: number }> {
  const settled = now.getTime() - SETTLE_MS;
  const result = await askStore("D1", () =>
    db
      .prepare("SELECT hour FROM ledger_stale_hours WHERE hour < ?1 AND since <= ?2 ORDER BY since LIMIT ?3")
      .bind(hourOf(settled), new Date(settled).toISOString(), MAX_HOURS)
      .all(),
  );
  let counted = 0;
  for (const { hour } of parseRows(staleRow, result)) {
    const statements = countStatements(db, hour, hourOf(Date.parse(`${hour}:00:00Z`) + HOUR_MS));
    try {
      await askStore("D1", () => db.batch(statements), { timeoutMs: LONG_QUERY_TIMEOUT_MS });
      counted++;
    } catch (error) {
      logError({ message: "could not count an hour", hour }, error);
      await askStore("D1", () =>
        db.prepare("UPDATE ledger_stale_hours SET since = ?2 WHERE hour = ?1").bind(hour, now.toISOString()).run(),
      );
    }
  }
  return { counted };
}
