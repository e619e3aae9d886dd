-- Times are ISO 8601 UTC with milliseconds (2024-07-15T14:30:00.000Z), so that text order is time order.
-- Tables and columns whose names begin with ledger_ are this Worker's own. The others are for people: a call that is deleted by hand
-- takes everything of it along.

CREATE TABLE calls (
  id INTEGER PRIMARY KEY,           -- the order of arrival; also the row id of ledger_search_index
  call_id TEXT NOT NULL UNIQUE,
  platform TEXT NOT NULL,           -- the webhook that the first event of the call came to: atoms, …
  agent_id TEXT NOT NULL,
  status TEXT NOT NULL,             -- active, ended, analyzed: the furthest event there is
  call_direction TEXT,              -- inbound, outbound; NULL for calls that are neither (web calls)
  caller_phone TEXT,                -- the customer's number, whichever way the call went
  agent_phone TEXT,
  called_at TEXT NOT NULL           -- listings and statistics go by it; in an INSERT it is left out
    GENERATED ALWAYS AS (coalesce(started_at, ended_at, ledger_first_received_at)),
  started_at TEXT,
  ended_at TEXT,
  analyzed_at TEXT,
  duration_seconds REAL,
  cost_usd REAL,                    -- what the platform says that the call cost, in US dollars
  latency_ms REAL,                  -- the median, else the mean, of the times the agent took to answer, as the platform says it
  agent_version TEXT,               -- as the platform writes it
  disposition TEXT,
  variables TEXT,                   -- JSON object; {"$overflow": key} when it is too large for a row: the R2 key of the whole body
  metrics TEXT,                     -- JSON object, metric to value; "$overflow" as above
  summary TEXT,
  recording_url TEXT,
  recording_key TEXT,               -- R2 key of the ledger's own copy of the audio; NULL: there is none
  transcript_key TEXT,              -- R2 key of the call.end body
  transcript_turns INTEGER,         -- NULL: no event brought a transcript
  updated_at TEXT NOT NULL,         -- when this Worker last wrote the row
  ledger_first_received_at TEXT NOT NULL,  -- when the first event of the call came in
  ledger_column_versions TEXT NOT NULL     -- JSON object, column to the version of the event that set it (src/events/version.ts)
) STRICT;

CREATE INDEX calls_by_time ON calls (called_at);

CREATE TABLE events (
  -- Deferred: the events of a body are inserted before the row of their call, in one transaction.
  call_id TEXT NOT NULL REFERENCES calls (call_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  event TEXT NOT NULL,              -- call.start, call.end, analytics.completed
  event_id TEXT NOT NULL,           -- the body's own id, else its SHA-256
  agent_id TEXT NOT NULL,
  occurred_at TEXT NOT NULL,
  received_at TEXT NOT NULL,
  format TEXT NOT NULL,             -- the wire format: documented, atoms, retell, vapi, elevenlabs, custom; atoms-api, …: fetched, not sent
  payload TEXT,                     -- the body as JSON, without its transcript; NULL: with another event of the same event_id
  ledger_sha256 TEXT NOT NULL,      -- of the body, hex: the same id with another body is no repetition
  ledger_ingest_id TEXT NOT NULL,   -- random, one a run of ingest: tells a repeated write from a redelivery
  ledger_caller_digits TEXT,        -- JSON array of the customer's numbers in the body, as digits; NULL: none
  PRIMARY KEY (call_id, event, event_id)
) STRICT;  -- With row ids: payloads in the tree of the key would take twice the room.

-- A range of events is counted, and sent again, in this order.
CREATE INDEX events_by_time ON events (occurred_at, event);

-- The tools that the agent called, of the transcript of the call; the first 500. Arguments and results stay in R2.
CREATE TABLE tool_calls (
  call_id TEXT NOT NULL REFERENCES calls (call_id) ON DELETE CASCADE,
  number INTEGER NOT NULL,          -- from 1, in their order
  name TEXT NOT NULL,
  status TEXT,                      -- ok, error; NULL: the platform does not say it
  started_at TEXT,
  duration_ms REAL,                 -- as measured by the platform, or between two times that it states
  PRIMARY KEY (call_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE sync_deliveries (
  call_id TEXT NOT NULL,
  event TEXT NOT NULL,
  event_id TEXT NOT NULL,
  destination TEXT NOT NULL,
  state TEXT NOT NULL,              -- pending, delivered, failed; skipped: the destination did not want this call
  occurred_at TEXT NOT NULL,        -- of the event; listings go by it
  attempts INTEGER NOT NULL,
  last_error TEXT,                  -- and behind it the first 300 characters of what the other side answered; NULL: none yet
  next_attempt_at TEXT,             -- NULL unless pending
  updated_at TEXT NOT NULL,
  overdue_at TEXT,                  -- when the message of a pending delivery counts as lost and is sent again; NULL unless pending
  ledger_generation INTEGER NOT NULL DEFAULT 0,  -- how often it was sent anew; messages of an older generation are void
  PRIMARY KEY (call_id, event, event_id, destination),
  FOREIGN KEY (call_id, event, event_id) REFERENCES events (call_id, event, event_id) ON DELETE CASCADE
) STRICT;

CREATE INDEX deliveries_by_time ON sync_deliveries (occurred_at);

-- A query has to have just this condition for SQLite to use it.
CREATE INDEX undelivered ON sync_deliveries (state, occurred_at) WHERE state IN ('pending', 'failed');

CREATE INDEX deliveries_overdue ON sync_deliveries (overdue_at) WHERE overdue_at IS NOT NULL;

-- Every customer's number that an event of a call named, outranked ones too: searches and erasures find the calls of a number here.
CREATE TABLE ledger_caller_numbers (
  digits TEXT NOT NULL,             -- src/events/phone.ts
  id INTEGER NOT NULL REFERENCES calls (id) ON DELETE CASCADE,  -- a number's calls are listed from the newest arrival on
  PRIMARY KEY (digits, id)
) STRICT, WITHOUT ROWID;

-- What a deletion of a call looks for.
CREATE INDEX ledger_caller_numbers_by_call ON ledger_caller_numbers (id);

-- Calls whose audio is to be copied into R2, or was (src/recordings).
CREATE TABLE ledger_recordings (
  id INTEGER NOT NULL PRIMARY KEY REFERENCES calls (id) ON DELETE CASCADE,
  recording_url TEXT NOT NULL,      -- the address that is fetched; the one of the call has another copy when it is corrected
  state TEXT NOT NULL,              -- pending, kept, failed
  attempts INTEGER NOT NULL,        -- at this address
  attempt_id TEXT,                  -- of a pending one: the attempt under way, which alone may record its end; NULL: none
  reason TEXT,                      -- why the last attempt failed
  due_at TEXT,                      -- when the next attempt begins; NULL unless pending
  updated_at TEXT NOT NULL
) STRICT;

CREATE INDEX ledger_recordings_open ON ledger_recordings (state, due_at, updated_at) WHERE state <> 'kept';

-- Alerts that are open, or begin or end, each for itself for every channel that is told of it (src/alerts).
CREATE TABLE ledger_alerts (
  alert TEXT NOT NULL,              -- parked, quarantined, …
  channel TEXT NOT NULL,            -- slack, receiver; overview: the page of the ledger itself
  since TEXT NOT NULL,              -- when the condition was seen first
  count INTEGER NOT NULL,           -- how many there were then
  over_since TEXT,                  -- since when the condition holds no longer; NULL: it holds
  told_at TEXT,                     -- when the channel took the message that the alert is open; NULL: it has not
  PRIMARY KEY (alert, channel)
) STRICT, WITHOUT ROWID;

-- Tombstones: events of these calls are refused, from wherever they come.
CREATE TABLE ledger_erased_calls (
  call_sha256 TEXT NOT NULL PRIMARY KEY,  -- of the call's id, hex
  call_id TEXT,                     -- until the cron has swept what was under way during the erasure; NULL afterwards
  erased_at TEXT NOT NULL,
  by_age INTEGER NOT NULL DEFAULT 0 -- 1: erased for its age alone, and forgotten after 30 days. The others stay: an import may ask for any time
) STRICT, WITHOUT ROWID;

CREATE INDEX ledger_erased_calls_to_sweep ON ledger_erased_calls (erased_at) WHERE call_id IS NOT NULL;

-- Work that takes longer than a request, under way or ended, as GET /api/jobs/{id} shows it.
CREATE TABLE ledger_jobs (
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,               -- erasure, send-again, letting-go, fetch, import
  status TEXT NOT NULL,             -- running, complete, errored; stopped, which an erasure never is
  subject TEXT,                     -- JSON: whose data, or which events; NULL once what was under way during an erasure is swept
  output TEXT NOT NULL,             -- JSON: how much is done so far
  position TEXT,                    -- JSON: where it goes on; NULL: at the beginning
  due_at TEXT,                      -- when the cron goes on with a job that makes no progress, or sweeps after a complete one; NULL once it did
  updated_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX ledger_jobs_due ON ledger_jobs (due_at) WHERE due_at IS NOT NULL;

-- How far missed calls are fetched back, a row a platform (src/fetching).
CREATE TABLE ledger_fetches (
  platform TEXT NOT NULL PRIMARY KEY,
  job TEXT NOT NULL,                -- the newest run, in ledger_jobs
  started_at TEXT NOT NULL,         -- when it began
  complete_until TEXT,              -- when the newest run that ended well began: what ended long before it is in the ledger; NULL: none did
  day TEXT,                         -- the newest day that was listed by its date: 2024-07-15
  failing_since TEXT,               -- when the first run failed since one ended well; NULL: the newest that ended did so well
  reason TEXT,                      -- why it failed
  missed INTEGER NOT NULL,          -- calls whose end the newest run with any had to fetch
  missed_at TEXT                    -- when that run ended
) STRICT, WITHOUT ROWID;

-- Totals of the calls of an hour, for statistics that do not read calls. An hour has rows here or stands in ledger_stale_hours, never both.
CREATE TABLE ledger_hours (
  hour TEXT NOT NULL,               -- of called_at, UTC: 2024-07-15T14
  agent_id TEXT NOT NULL,           -- '': all agents together
  calls INTEGER NOT NULL,
  ended INTEGER NOT NULL,
  analyzed INTEGER NOT NULL,
  with_duration INTEGER NOT NULL,   -- calls whose duration is known
  total_duration_seconds REAL NOT NULL,
  with_cost INTEGER NOT NULL,       -- calls whose cost is known
  total_cost_usd REAL NOT NULL,
  with_latency INTEGER NOT NULL,    -- calls whose latency is known
  total_latency_ms REAL NOT NULL,
  quarters TEXT NOT NULL,           -- JSON: [{minute, and the nine counts}] of each quarter, for zones that are no whole hours from UTC
  dispositions TEXT NOT NULL,       -- JSON: [{disposition, calls, and the six counts of durations, costs and latencies}] of calls that ended
  metrics TEXT NOT NULL,            -- JSON: [{metric, type, least, most, quarters: [{minute, calls, sum}], values: [{value, calls}]}]
  tools TEXT NOT NULL,              -- JSON: [{name, calls, errors, with_duration, total_duration_ms}]
  PRIMARY KEY (hour, agent_id)
) STRICT, WITHOUT ROWID;

-- Hours with calls that changed since they were counted, or that were not counted yet: until the cron counts them, statistics
-- count their calls.
CREATE TABLE ledger_stale_hours (
  hour TEXT NOT NULL PRIMARY KEY,
  since TEXT NOT NULL               -- when the first of the changes was written
) STRICT, WITHOUT ROWID;

CREATE TRIGGER ledger_hours_of_new_calls AFTER INSERT ON calls
WHEN NOT EXISTS (SELECT 1 FROM ledger_stale_hours WHERE hour = substr(new.called_at, 1, 13))
BEGIN
  DELETE FROM ledger_hours WHERE hour = substr(new.called_at, 1, 13);
  INSERT INTO ledger_stale_hours (hour, since) VALUES (substr(new.called_at, 1, 13), new.updated_at);
END;

CREATE TRIGGER ledger_hours_of_changed_calls AFTER UPDATE OF
  agent_id, started_at, ended_at, analyzed_at, duration_seconds, cost_usd, latency_ms, disposition, metrics, ledger_first_received_at, updated_at ON calls
WHEN NOT EXISTS (SELECT 1 FROM ledger_stale_hours WHERE hour = substr(old.called_at, 1, 13))
  OR substr(old.called_at, 1, 13) <> substr(new.called_at, 1, 13)
BEGIN
  DELETE FROM ledger_hours WHERE hour IN (substr(old.called_at, 1, 13), substr(new.called_at, 1, 13));
  INSERT INTO ledger_stale_hours (hour, since)
  SELECT substr(old.called_at, 1, 13), new.updated_at UNION SELECT substr(new.called_at, 1, 13), new.updated_at
  ON CONFLICT DO NOTHING;
END;

-- What is left of a deleted call in the totals of its hour goes with it.
CREATE TRIGGER ledger_hours_of_deleted_calls AFTER DELETE ON calls
WHEN NOT EXISTS (SELECT 1 FROM ledger_stale_hours WHERE hour = substr(old.called_at, 1, 13))
BEGIN
  DELETE FROM ledger_hours WHERE hour = substr(old.called_at, 1, 13);
  INSERT INTO ledger_stale_hours (hour, since) VALUES (substr(old.called_at, 1, 13), old.updated_at);
END;

-- Days whose calls are written as Parquet (src/export). A day is written again after its calls changed.
CREATE TABLE ledger_export_days (
  day TEXT NOT NULL PRIMARY KEY,    -- UTC day of called_at: 2024-07-15
  changed_at TEXT,                  -- since when a call of the day has changes that no export has begun to read; NULL: none
  export_id TEXT,                   -- of the export under way, or that was cut off; NULL: none
  position TEXT,                    -- JSON: where the export under way goes on; NULL: at the beginning
  exported_at TEXT,                 -- when the day's files were last complete; NULL: never
  error TEXT,                       -- why the export makes no progress; NULL: it does, or there is none
  updated_at TEXT,                  -- when an export last made a step; NULL: never
  leaving TEXT                      -- within the transaction in which calls leave D1: its name; NULL else
) STRICT, WITHOUT ROWID;

-- Calls that left D1 (src/letting-go). Their rows are in the files of their day, from which the next export of the day carries them
-- over, and each in the record.json of its call.
CREATE TABLE ledger_left_calls (
  id INTEGER PRIMARY KEY,           -- of this table alone
  call_id TEXT NOT NULL UNIQUE,
  day TEXT NOT NULL,                -- UTC day of called_at: 2024-07-15
  hour INTEGER NOT NULL             -- of that day, 0 to 23
) STRICT;

CREATE INDEX ledger_left_calls_by_hour ON ledger_left_calls (day, hour);

-- As ledger_caller_numbers: erasures find the calls of a number here.
CREATE TABLE ledger_left_numbers (
  digits TEXT NOT NULL,
  id INTEGER NOT NULL REFERENCES ledger_left_calls (id) ON DELETE CASCADE,
  PRIMARY KEY (digits, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX ledger_left_numbers_by_call ON ledger_left_numbers (id);

-- Totals of the calls that left, as ledger_hours has those of the others: of each hour, and of each quarter of it for ranges that
-- cut through the hour. Statistics add both up. With row ids: rows of some 2 KB would take a page of 4 KB each without.
CREATE TABLE ledger_left_hours (
  hour TEXT NOT NULL,
  minute INTEGER NOT NULL,          -- 0, 15, 30, 45: of the quarter that begins then; -1: of the whole hour
  agent_id TEXT NOT NULL,
  part INTEGER NOT NULL,            -- from 1: calls that left at another time have totals of their own
  calls INTEGER NOT NULL,
  ended INTEGER NOT NULL,
  analyzed INTEGER NOT NULL,
  with_duration INTEGER NOT NULL,
  total_duration_seconds REAL NOT NULL,
  with_cost INTEGER NOT NULL,
  total_cost_usd REAL NOT NULL,
  with_latency INTEGER NOT NULL,
  total_latency_ms REAL NOT NULL,
  quarters TEXT NOT NULL,
  dispositions TEXT NOT NULL,
  metrics TEXT NOT NULL,
  tools TEXT NOT NULL,
  PRIMARY KEY (hour, minute, agent_id, part)
) STRICT;

-- Hours of which a call that had left was erased, until its totals are counted again without it.
CREATE TABLE ledger_left_recounts (
  day TEXT NOT NULL,
  hour INTEGER NOT NULL,
  erased INTEGER NOT NULL,          -- how many calls so far: tells a count that is out of date
  PRIMARY KEY (day, hour)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER ledger_left_calls_erased AFTER DELETE ON ledger_left_calls
BEGIN
  INSERT INTO ledger_left_recounts (day, hour, erased) VALUES (old.day, old.hour, 1)
  ON CONFLICT DO UPDATE SET erased = erased + 1;
  INSERT INTO ledger_export_days (day, changed_at) VALUES (old.day, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
  ON CONFLICT DO UPDATE SET changed_at = excluded.changed_at WHERE changed_at IS NULL;
END;

-- A change that meets an older one of its day writes nothing.
CREATE TRIGGER ledger_export_of_new_calls AFTER INSERT ON calls
BEGIN
  INSERT INTO ledger_export_days (day, changed_at) VALUES (substr(new.called_at, 1, 10), strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
  ON CONFLICT DO UPDATE SET changed_at = excluded.changed_at WHERE changed_at IS NULL;
END;

CREATE TRIGGER ledger_export_of_changed_calls AFTER UPDATE ON calls
BEGIN
  INSERT INTO ledger_export_days (day, changed_at)
  SELECT day, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  FROM (SELECT substr(old.called_at, 1, 10) AS day UNION SELECT substr(new.called_at, 1, 10))
  WHERE true
  ON CONFLICT DO UPDATE SET changed_at = excluded.changed_at WHERE changed_at IS NULL;
END;

CREATE TRIGGER ledger_export_of_deleted_calls AFTER DELETE ON calls
BEGIN
  INSERT INTO ledger_export_days (day, changed_at) VALUES (substr(old.called_at, 1, 10), strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
  ON CONFLICT DO UPDATE SET changed_at = excluded.changed_at WHERE changed_at IS NULL;
END;

-- What the ledger writes of these comes with a change of the call; these are for people.
CREATE TRIGGER ledger_export_of_changed_events AFTER UPDATE ON events
BEGIN
  UPDATE ledger_export_days SET changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE changed_at IS NULL AND day IN (SELECT substr(called_at, 1, 10) FROM calls WHERE call_id IN (old.call_id, new.call_id));
END;

CREATE TRIGGER ledger_export_of_deleted_events AFTER DELETE ON events
BEGIN
  UPDATE ledger_export_days SET changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE changed_at IS NULL AND day IN (SELECT substr(called_at, 1, 10) FROM calls WHERE call_id = old.call_id);
END;

CREATE TRIGGER ledger_export_of_changed_tool_calls AFTER UPDATE ON tool_calls
BEGIN
  UPDATE ledger_export_days SET changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE changed_at IS NULL AND day IN (SELECT substr(called_at, 1, 10) FROM calls WHERE call_id IN (old.call_id, new.call_id));
END;

CREATE TRIGGER ledger_export_of_deleted_tool_calls AFTER DELETE ON tool_calls
BEGIN
  UPDATE ledger_export_days SET changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE changed_at IS NULL AND day IN (SELECT substr(called_at, 1, 10) FROM calls WHERE call_id = old.call_id);
END;

-- Full text over the words of transcripts, without the text: that is in R2. A row has the id of its call.
CREATE VIRTUAL TABLE ledger_search_index USING fts5 (
  text,
  content = '', contentless_delete = 1,
  -- Marks belong to words: in many scripts they are the vowels.
  tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co M*'"
);

-- In the transaction of the call, so that a row id that is used again finds no words of another call.
CREATE TRIGGER ledger_words_of_deleted_calls AFTER DELETE ON calls
BEGIN
  DELETE FROM ledger_search_index WHERE rowid = old.id;
END;

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
  avg(duration_seconds) AS average_duration_seconds,
  sum(cost_usd) AS cost_usd         -- NULL: no platform says what its calls cost
FROM calls
GROUP BY day, agent_id;
