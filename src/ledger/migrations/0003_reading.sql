-- Reading goes by time, so the rows of calls lie in the order of their time: a page or a chart reads the rows of its range and no
-- others. The id of a call has the one index of the table; a call costs two rows written, as it did with an index by time. (Without
-- rowids, a row above some 1,000 bytes, which most calls have, would take a page of 4 KB of its own and be read whole at every
-- comparison: ten times as slow, and three times as large.)
CREATE TABLE calls_in_order (
  -- Milliseconds since 1970 of called_at, times 2^19, and the next free number for calls of the same millisecond; below zero
  -- when there is none (src/ledger/time-order.ts).
  time_order INTEGER PRIMARY KEY,
  call_id TEXT NOT NULL UNIQUE,
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
  sources TEXT NOT NULL,            -- JSON: column to the rank, time and digest of the event that filled it (src/ledger/calls.ts)
  -- JSON array of the ids of the call's events, sorted: with it they and their deliveries are found by primary key.
  event_ids TEXT NOT NULL DEFAULT '[]',
  -- When the call was, for listings and charts.
  called_at TEXT GENERATED ALWAYS AS (coalesce(started_at, ended_at, first_received_at)) VIRTUAL
) STRICT;

INSERT INTO calls_in_order (
  time_order, call_id, agent_id, status, call_direction, caller_phone, agent_phone, started_at, ended_at, analyzed_at,
  duration_seconds, disposition, variables, metrics, summary, recording_url, transcript_key, transcript_turns, updated_at,
  first_received_at, sources, event_ids
)
SELECT
  moment * 524288 + row_number() OVER (PARTITION BY moment ORDER BY call_id), call_id, agent_id, status, call_direction,
  caller_phone, agent_phone, started_at, ended_at, analyzed_at, duration_seconds, disposition, variables, metrics, summary,
  recording_url, transcript_key, transcript_turns, updated_at, first_received_at, sources,
  coalesce(known.event_ids, '[]')
FROM (
  SELECT *, max(0, min(CAST(round(unixepoch(coalesce(started_at, ended_at, first_received_at), 'subsec') * 1000) AS INTEGER), 16725225600000)) AS moment
  FROM calls
)
LEFT JOIN (
  SELECT call_id AS of_call, json_group_array(event_id) AS event_ids
  FROM (SELECT call_id, event_id FROM events ORDER BY event_id) GROUP BY call_id
) AS known ON known.of_call = call_id;

DROP VIEW call_metrics;
DROP VIEW daily_calls;
DROP TABLE calls;
ALTER TABLE calls_in_order RENAME TO calls;

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
  substr(called_at, 1, 10) AS day,
  agent_id,
  count(*) AS calls,
  count(ended_at) AS ended,
  count(analyzed_at) AS analyzed,
  coalesce(sum(duration_seconds), 0) AS total_duration_seconds,
  avg(duration_seconds) AS average_duration_seconds
FROM calls
GROUP BY day, agent_id;

-- A start that comes after the end moves the call to where it belongs. The times of a row hardly ever change otherwise.
CREATE TRIGGER calls_moved AFTER UPDATE OF started_at, ended_at, first_received_at ON calls
WHEN new.time_order >= 0 AND new.time_order / 524288 <> max(0, min(CAST(round(unixepoch(new.called_at, 'subsec') * 1000) AS INTEGER), 16725225600000))
BEGIN
  UPDATE calls
  SET time_order = coalesce(
    nullif(
      1 + coalesce(
        (SELECT max(time_order) FROM calls WHERE time_order BETWEEN moved.moment * 524288 AND (moved.moment + 1) * 524288 - 1),
        moved.moment * 524288
      ),
      (moved.moment + 1) * 524288
    ),
    min(0, (SELECT min(time_order) FROM calls)) - 1
  )
  FROM (SELECT max(0, min(CAST(round(unixepoch(new.called_at, 'subsec') * 1000) AS INTEGER), 16725225600000)) AS moment) AS moved
  WHERE call_id = new.call_id;
END;
