import { callId, instant, numbersOf, pick, roller } from "./expressions.ts";
import type { Chunk, Plan } from "./plan.ts";
import {
  agents,
  answeredDispositions,
  customers,
  hours,
  issues,
  products,
  satisfactionOpen,
  satisfactionResolved,
  unansweredDispositions,
} from "./vocabulary.ts";

export const DAY_MILLISECONDS = 86_400_000;
const HOUR_MILLISECONDS = 3_600_000;

/** How many of a million calls nobody answers, lose their end, are never analyzed, and move from a weekend to a weekday. */
const UNANSWERED = 180_000;
const LOST_END = 3_000;
const NEVER_ANALYZED = 20_000;
const NOT_ON_WEEKENDS = 600_000;

/**
 * The statement that makes the rows of `calls`, in the order of their time, so that their ids are the order of arrival. None names
 * a transcript, since R2 has none of them. Each step is materialized, or SQLite would work it out at every use.
 */
export function insertCalls({ calls, days, seed, until }: Plan, chunk: Chunk): string {
  const roll = roller(seed);
  const pace = Math.max(1, Math.round((days * DAY_MILLISECONDS) / calls));
  const now = until.getTime();
  return `INSERT INTO calls (call_id, platform, agent_id, status, call_direction, caller_phone, agent_phone,
  started_at, ended_at, analyzed_at, duration_seconds, cost_usd, latency_ms, agent_version, disposition, variables, metrics, summary, updated_at, ledger_first_received_at,
  ledger_column_versions)
WITH RECURSIVE ${numbersOf(chunk)},
rolled AS MATERIALIZED (
  SELECT n, ${callId(seed)} AS call_id,
    ${now} - n * ${pace} - ${roll()} % ${pace} AS moment,
    ${pick(hours, roll())} * ${HOUR_MILLISECONDS} + ${roll()} * 18 / 5 AS time_of_day,
    ${roll()} AS weekend,
    ${pick(agents, roll())} AS agent,
    printf('+1555%07d', ${roll()} / 7) AS caller_phone,
    ${roll()} >= ${UNANSWERED} AS answered,
    ${roll()} AS length,
    ${roll()} < ${LOST_END} AS lost,
    ${roll()} AS analysis,
    ${roll()} AS outcome,
    ${roll()} AS contentment,
    ${pick(products, roll())} AS product,
    ${pick(issues, roll())} AS issue,
    ${pick(customers, roll())} AS customer
  FROM numbers
), usual AS MATERIALIZED (
  SELECT *,
    moment - moment % ${DAY_MILLISECONDS} + time_of_day - ${DAY_MILLISECONDS} * CASE
      WHEN weekend >= ${NOT_ON_WEEKENDS} THEN 0
      -- From Sunday or Saturday to one of the five days before the weekend: 1970 began on a Thursday.
      WHEN (moment / ${DAY_MILLISECONDS} + 4) % 7 = 0 THEN 2 + weekend % 5
      WHEN (moment / ${DAY_MILLISECONDS} + 4) % 7 = 6 THEN 1 + weekend % 5
      ELSE 0
    END AS usual_start,
    iif(answered, ${pick(answeredDispositions, "outcome")}, ${pick(unansweredDispositions, "outcome")}) AS disposition,
    iif(answered, 20 + length / 1000 * (length / 1000) / 1250, length % 25) AS seconds
  FROM rolled
), begun AS MATERIALIZED (
  -- What would lie ahead today stays where the even spread has put it.
  SELECT *, iif(usual_start <= ${now}, usual_start, moment) AS start, disposition = 'successful' AND outcome % 20 > 0 AS resolved
  FROM usual
), over AS MATERIALIZED (
  SELECT *, iif(NOT lost AND start + seconds * 1000 <= ${now}, start + seconds * 1000, NULL) AS stop FROM begun
), dated AS MATERIALIZED (
  SELECT *, ${instant("start")} AS started_at, ${instant("stop")} AS ended_at,
    iif(analysis >= ${NEVER_ANALYZED} AND stop + 8000 + analysis / 5 <= ${now}, ${instant("stop + 8000 + analysis / 5")}, NULL) AS analyzed_at
  FROM over
)
SELECT call_id, 'atoms', agent ->> 'id',
  CASE WHEN analyzed_at IS NOT NULL THEN 'analyzed' WHEN ended_at IS NOT NULL THEN 'ended' ELSE 'active' END,
  agent ->> 'direction', caller_phone, agent ->> 'phone', started_at, ended_at, analyzed_at,
  iif(ended_at IS NULL, NULL, seconds),
  -- Some ten cents a minute.
  iif(ended_at IS NULL, NULL, round(0.005 + seconds * (0.0015 + contentment % 5 / 10000.0), 4)),
  iif(ended_at IS NULL OR NOT answered, NULL, 600 + outcome % 700),
  -- A new version a month.
  CAST(moment / ${30 * DAY_MILLISECONDS} - 600 AS TEXT),
  iif(ended_at IS NULL, NULL, disposition),
  iif(ended_at IS NULL, NULL,
    json_object('customer_name', customer, 'issue_type', issue, 'invoice', printf('4711-%05d', n % 100000))),
  CASE
    WHEN analyzed_at IS NULL THEN NULL
    WHEN NOT answered THEN '{"follow_up_needed":true}'
    ELSE json_object(
      'satisfaction_score', iif(resolved, ${pick(satisfactionResolved, "contentment")}, ${pick(satisfactionOpen, "contentment")}),
      'issue_resolved', json(iif(resolved, 'true', 'false')),
      'follow_up_needed', json(iif(resolved, 'false', 'true')), 'product_discussed', product)
  END,
  CASE
    WHEN analyzed_at IS NULL THEN NULL
    WHEN NOT answered THEN 'Nobody was reached.'
    ELSE printf('The caller asked about %s. %s', issue, iif(resolved, 'It was resolved in the call.', 'It is still open.'))
  END,
  coalesce(analyzed_at, ended_at, started_at), started_at,
  ${columnVersions}
FROM dated
WHERE true
ORDER BY start, n DESC
ON CONFLICT DO NOTHING`;
}

const columnVersions = `'{' || ${versions(3, "started_at", ["agent_id", "call_direction", "caller_phone", "agent_phone", "started_at"])}
    || coalesce(',' || ${versions(2, "ended_at", ["ended_at", "duration_seconds", "cost_usd", "latency_ms", "agent_version", "disposition", "variables"])}, '')
    || coalesce(',' || ${versions(1, "analyzed_at", ["analyzed_at", "metrics", "summary"])}, '') || '}'`;

/** The version of the event that set the columns, as in src/events/version.ts: its rank, its time and its digest. */
function versions(rank: number, time: string, columns: readonly string[]): string {
  const text = columns.map((column) => `"${column}":"${rank} # 000000000000"`).join(",");
  return `replace('${text}', '#', ${time})`;
}
