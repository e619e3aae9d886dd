import { pick, roller, seededCalls } from "./expressions.ts";
import type { Chunk, Plan } from "./plan.ts";
import { tools } from "./vocabulary.ts";

/** The most tool calls of a call, and how many of a thousand fail. */
const TOOL_CALLS = 3;
const FAILED = 60;

/** The statement that makes the tool calls of calls that are there and were answered: from none to three each. */
export function insertToolCalls({ seed }: Plan, chunk: Chunk): string {
  const roll = roller(2_000_000_000 + seed);
  return `INSERT INTO tool_calls (call_id, number, name, status, started_at, duration_ms)
WITH ${seededCalls(seed, chunk)}, rolled AS MATERIALIZED (
  SELECT n, call_id, started_at, ${roll()} AS tools, ${roll()} AS names, ${roll()} AS ends FROM seeded WHERE latency_ms IS NOT NULL
)
SELECT call_id, number, ${pick(tools, "(names + number)")}, iif((ends + number * 377) % 1000 < ${FAILED}, 'error', 'ok'), started_at,
  80 + (names + number * 577) % 1900
FROM rolled CROSS JOIN (${Array.from({ length: TOOL_CALLS }, (_, index) => `SELECT ${index + 1} AS number`).join(" UNION ALL ")})
WHERE number <= tools % ${TOOL_CALLS + 1}
ORDER BY 1, 2
ON CONFLICT DO NOTHING`;
}
