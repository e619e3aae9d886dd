import { DAY_MILLISECONDS } from "./calls.ts";
import { pick, roller, seededCalls } from "./expressions.ts";
import type { Chunk, Plan } from "./plan.ts";
import { permanentErrors, transientErrors } from "./vocabulary.ts";

/** How many of a million deliveries failed, and how many of those of the last day have not arrived yet. */
const FAILED = 2_000;
const PENDING = 50_000;

/** The first attempt and the `max_retries` of wrangler.toml. */
const MAX_ATTEMPTS = 13;

/** Later than every run of the cron: what is made up does not go downstream by itself. */
const NEVER_OVERDUE = "9999-12-31T23:59:59.999Z";

/** The statement that makes the deliveries of calls that are there and analyzed. */
export function insertDeliveries({ seed, until }: Plan, chunk: Chunk): string {
  const roll = roller(-1 - seed);
  const dayBefore = new Date(until.getTime() - DAY_MILLISECONDS).toISOString();
  return `INSERT INTO sync_deliveries (call_id, event, event_id, destination, state, occurred_at, attempts, last_error, updated_at, overdue_at, ledger_generation)
WITH ${seededCalls(seed, chunk)}, rolled AS MATERIALIZED (
  SELECT call_id, analyzed_at, ${roll()} AS fate, ${roll()} % 2 AS permanent,
    ${pick(permanentErrors, roll())} AS permanent_error, ${pick(transientErrors, roll())} AS transient_error
  FROM seeded
  WHERE analyzed_at IS NOT NULL
), stated AS MATERIALIZED (
  SELECT *,
    CASE
      WHEN fate < ${FAILED} THEN 'failed'
      WHEN fate < ${PENDING} AND analyzed_at >= '${dayBefore}' THEN 'pending'
      ELSE 'delivered'
    END AS state
  FROM rolled
)
SELECT call_id, 'analytics.completed', call_id || '-analytics', 'webhook', state, analyzed_at,
  iif(state = 'failed' AND NOT permanent, ${MAX_ATTEMPTS}, 1),
  CASE
    WHEN state = 'delivered' THEN NULL
    WHEN state = 'failed' AND permanent THEN permanent_error
    ELSE transient_error
  END, analyzed_at, iif(state = 'pending', '${NEVER_OVERDUE}', NULL), 0
FROM stated
WHERE true
ON CONFLICT DO NOTHING`;
}
