-- What reading needs, at one more row written a call: D1 bills a row for each index entry, and again for each update that
-- names an indexed column, changed or not.

-- JSON array of the ids of the call's events, sorted: with it they and their deliveries are found by primary key.
ALTER TABLE calls ADD COLUMN event_ids TEXT NOT NULL DEFAULT '[]';

-- When the call was, for listings and charts.
ALTER TABLE calls ADD COLUMN called_at TEXT
  GENERATED ALWAYS AS (coalesce(started_at, ended_at, first_received_at)) VIRTUAL;

-- The ten minutes that called_at lies in (2024-07-15T14:3), for the index: events after the first hardly ever move it, so
-- they need not write to the index.
ALTER TABLE calls ADD COLUMN ten_minutes TEXT NOT NULL DEFAULT '';

UPDATE calls SET ten_minutes = substr(called_at, 1, 15);

UPDATE calls SET event_ids = known.event_ids
FROM (
  SELECT call_id, json_group_array(event_id) AS event_ids
  FROM (SELECT call_id, event_id FROM events ORDER BY event_id) GROUP BY call_id
) AS known
WHERE known.call_id = calls.call_id;

CREATE INDEX calls_by_time ON calls (ten_minutes);

CREATE TRIGGER calls_moved AFTER UPDATE OF started_at, ended_at, first_received_at ON calls
WHEN new.ten_minutes <> substr(new.called_at, 1, 15)
BEGIN
  UPDATE calls SET ten_minutes = substr(new.called_at, 1, 15) WHERE call_id = new.call_id;
END;
