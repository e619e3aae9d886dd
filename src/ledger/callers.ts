import * as z from "zod";
import { askStore, LONG_QUERY_TIMEOUT_MS } from "../stores/ask.ts";
import { MAX_LOOKED_AT } from "./page.ts";
import { type LedgerReader, parseRows } from "./schema.ts";

const callerTotals = z.object({
  calls: z.number(),
  duration_seconds: z.number().nullable().describe("null: no call has one"),
  cost_usd: z.number().nullable().describe("null: no platform states it"),
  left: z.number().describe("calls that left D1, in none of these sums"),
});

/** Sums over the calls of a caller, the newest {@link MAX_LOOKED_AT} of them. */
export type CallerTotals = z.infer<typeof callerTotals>;

/** @param digits of the caller's number */
export async function readCallerTotals(db: LedgerReader, digits: string): Promise<CallerTotals> {
  const query = db
    .prepare(
      `WITH newest AS MATERIALIZED (SELECT id FROM ledger_caller_numbers WHERE digits = ?1 ORDER BY id DESC LIMIT ${MAX_LOOKED_AT})
       SELECT count(*) AS calls, sum(calls.duration_seconds) AS duration_seconds, sum(calls.cost_usd) AS cost_usd,
         (SELECT count(*) FROM ledger_left_numbers WHERE digits = ?1) AS left
       FROM newest CROSS JOIN calls USING (id)`,
    )
    .bind(digits);
  const result = await askStore("D1", () => query.all(), { timeoutMs: LONG_QUERY_TIMEOUT_MS });
  const [totals = { calls: 0, duration_seconds: null, cost_usd: null, left: 0 }] = parseRows(callerTotals, result);
  return totals;
}
