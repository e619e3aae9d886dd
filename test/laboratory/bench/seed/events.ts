import { digits, seededCalls } from "./expressions.ts";
import type { Chunk, Plan } from "./plan.ts";

/** The statement that makes the events of calls that are there. */
export function insertEvents({ seed }: Plan, chunk: Chunk): string {
  return `INSERT INTO events (call_id, event, event_id, agent_id, occurred_at, received_at, format, payload, ledger_sha256, ledger_ingest_id, ledger_caller_digits)
WITH ${seededCalls(seed, chunk)}
${event("call.start", "start", "started_at", "'call_direction', call_direction, 'caller_phone', caller_phone, 'agent_phone', agent_phone")}
UNION ALL
${event("call.end", "end", "ended_at", "'duration_seconds', duration_seconds, 'disposition', disposition, 'variables', json(variables)")}
UNION ALL
${event("analytics.completed", "analytics", "analyzed_at", "'metrics', json(metrics), 'summary', summary")}
ORDER BY 1
ON CONFLICT DO NOTHING`;
}

/** As long as the real ones: a digest and a UUID. */
const DIGEST = "0".repeat(64);
const INGEST_ID = "00000000-0000-4000-8000-000000000000";

function event(name: string, suffix: string, time: string, fields: string): string {
  const callerDigits = name === "call.start" ? `json_array(${digits("caller_phone")})` : "NULL";
  return `SELECT call_id, '${name}', call_id || '-${suffix}', agent_id, ${time}, ${time}, 'documented',
  json_object('event', '${name}', 'timestamp', ${time}, 'agent_id', agent_id, 'call_id', call_id, ${fields}),
  '${DIGEST}', '${INGEST_ID}', ${callerDigits}
FROM seeded WHERE ${time} IS NOT NULL`;
}

/** The statement that makes the searchable numbers of calls that are there. */
export function insertCallerNumbers({ seed }: Plan, chunk: Chunk): string {
  return `INSERT INTO ledger_caller_numbers (digits, id)
WITH ${seededCalls(seed, chunk)}
SELECT ${digits("caller_phone")}, id FROM seeded
WHERE true
ORDER BY 1
ON CONFLICT DO NOTHING`;
}
