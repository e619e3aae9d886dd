import { DAY_MILLISECONDS } from "./calls.ts";
import { callId, numbersOf, pick, roller } from "./expressions.ts";
import type { Chunk, Plan } from "./plan.ts";
import { permanentErrors, transientErrors } from "./vocabulary.ts";

/** The statement that makes the events of calls that are there, with the ids that the calls name. */
export function insertEvents({ seed }: Plan, chunk: Chunk): string {
  return `INSERT INTO events (event_id, call_id, agent_id, event, occurred_at, received_at, format, payload)
WITH RECURSIVE ${numbersOf(chunk)}, seeded AS MATERIALIZED (
  SELECT calls.* FROM numbers CROSS JOIN calls WHERE calls.call_id = ${callId(seed)}
)
${event("call.start", "start", "started_at", "'call_direction', call_direction, 'caller_phone', caller_phone, 'agent_phone', agent_phone")}
UNION ALL
${event("call.end", "end", "ended_at", "'duration_seconds', duration_seconds, 'disposition', disposition, 'variables', json(variables)")}
UNION ALL
${event("analytics.completed", "analytics", "analyzed_at", "'metrics', json(metrics), 'summary', summary")}
ORDER BY 1
ON CONFLICT DO NOTHING`;
}

function event(name: string, suffix: string, time: string, fields: string): string {
  return `SELECT call_id || '-${suffix}', call_id, agent_id, '${name}', ${time}, ${time}, 'documented',
  json_object('event', '${name}', 'timestamp', ${time}, 'agent_id', agent_id, 'call_id', call_id, ${fields})
FROM seeded WHERE ${time} IS NOT NULL`;
}

/** How many of a million deliveries failed, and how many of those of the last day have not arrived yet. */
const FAILED = 2_000;
const PENDING = 50_000;

/** The first attempt and the `max_retries` of wrangler.toml. */
const MOST_ATTEMPTS = 13;

/** Later than every run of the cron: what is made up does not go downstream by itself. */
const NEVER_OVERDUE = "9999-12-31T23:59:59.999Z";

/** The statement that makes the deliveries of calls that are there and analyzed. */
export function insertDeliveries({ seed, until }: Plan, chunk: Chunk): string {
  const roll = roller(-1 - seed);
  const dayBefore = new Date(until.getTime() - DAY_MILLISECONDS).toISOString();
  return `INSERT INTO sync_deliveries (event_id, destination, call_id, state, attempts, last_error, updated_at, overdue_at)
WITH RECURSIVE ${numbersOf(chunk)}, rolled AS MATERIALIZED (
  SELECT calls.call_id, calls.analyzed_at, ${roll()} AS fate, ${roll()} % 2 AS permanent,
    ${pick(permanentErrors, roll())} AS permanent_error, ${pick(transientErrors, roll())} AS transient_error
  FROM numbers CROSS JOIN calls
  WHERE calls.call_id = ${callId(seed)} AND calls.analyzed_at IS NOT NULL
), stated AS MATERIALIZED (
  SELECT *,
    CASE
      WHEN fate < ${FAILED} THEN 'failed'
      WHEN fate < ${PENDING} AND analyzed_at >= '${dayBefore}' THEN 'pending'
      ELSE 'delivered'
    END AS state
  FROM rolled
)
SELECT call_id || '-analytics', 'webhook', call_id, state, iif(state = 'failed' AND NOT permanent, ${MOST_ATTEMPTS}, 1),
  CASE
    WHEN state = 'delivered' THEN NULL
    WHEN state = 'failed' AND permanent THEN permanent_error
    ELSE transient_error
  END, analyzed_at, iif(state = 'pending', '${NEVER_OVERDUE}', NULL)
FROM stated
WHERE true
ON CONFLICT DO NOTHING`;
}
