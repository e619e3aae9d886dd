-- WITHOUT ROWID: a row costs one row written instead of two, and D1 bills rows written.
-- Times are ISO 8601 UTC with milliseconds (2024-07-15T14:30:00.000Z), so that text order is time order.

CREATE TABLE calls (
  call_id TEXT NOT NULL PRIMARY KEY,
  agent_id TEXT,
  status TEXT NOT NULL,             -- active, ended, analyzed: the furthest event there is
  call_direction TEXT,              -- inbound, outbound; NULL for calls that are neither (web calls)
  caller_phone TEXT,                -- the customer's number, whichever way the call went
  agent_phone TEXT,
  started_at TEXT,
  ended_at TEXT,
  analyzed_at TEXT,
  duration_seconds REAL,
  disposition TEXT,
  variables TEXT,                   -- JSON object; "$overflow" in it: the R2 key of what D1's 2 MB a row could not keep
  metrics TEXT,                     -- JSON object, metric to value; "$overflow" as above
  summary TEXT,
  recording_url TEXT,
  transcript_key TEXT,              -- R2 key of the call.end body
  transcript_turns INTEGER,         -- NULL: the event brought no transcript
  updated_at TEXT NOT NULL,         -- when this Worker last wrote the row
  first_received_at TEXT NOT NULL,  -- when the first event of the call came in
  sources TEXT NOT NULL             -- JSON: column to the rank, time and digest of the event that filled it (src/ledger/calls.ts)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  event_id TEXT NOT NULL PRIMARY KEY,
  call_id TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  event TEXT NOT NULL,              -- call.start, call.end, analytics.completed
  occurred_at TEXT NOT NULL,
  received_at TEXT NOT NULL,
  format TEXT NOT NULL,             -- documented, atoms
  payload TEXT NOT NULL             -- the body as JSON, without the transcript
) STRICT, WITHOUT ROWID;

CREATE TABLE sync_deliveries (
  event_id TEXT NOT NULL,
  destination TEXT NOT NULL,
  call_id TEXT NOT NULL,
  state TEXT NOT NULL,              -- pending, delivered, failed
  attempts INTEGER NOT NULL,
  last_error TEXT,                  -- NULL: none yet
  updated_at TEXT NOT NULL,
  PRIMARY KEY (event_id, destination)
) STRICT, WITHOUT ROWID;

CREATE VIEW call_metrics AS
SELECT
  calls.call_id,
  calls.agent_id,
  calls.ended_at,
  metric.key AS metric,
  metric.value,
  CASE metric.type
    WHEN 'true' THEN 'boolean'
    WHEN 'false' THEN 'boolean'
    WHEN 'integer' THEN 'number'
    WHEN 'real' THEN 'number'
    ELSE metric.type
  END AS type
FROM calls, json_each(calls.metrics) AS metric
WHERE metric.key <> '$overflow';

CREATE VIEW daily_calls AS
SELECT
  substr(coalesce(started_at, ended_at, first_received_at), 1, 10) AS day,
  agent_id,
  count(*) AS calls,
  count(ended_at) AS ended,
  count(analyzed_at) AS analyzed,
  coalesce(sum(duration_seconds), 0) AS total_duration_seconds,
  avg(duration_seconds) AS average_duration_seconds
FROM calls
GROUP BY day, agent_id;
