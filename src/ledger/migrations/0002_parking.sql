-- What the archive could not take for now: bodies that wait to be taken in again.
CREATE TABLE parked_bodies (
  digest TEXT NOT NULL PRIMARY KEY,  -- SHA-256 of the body, hex
  received_at TEXT NOT NULL,
  reason TEXT NOT NULL,              -- what failed
  body BLOB NOT NULL                 -- gzip
) STRICT;

CREATE INDEX parked_bodies_by_age ON parked_bodies (received_at);

-- When a pending delivery counts as forgotten, so that the relay sends its message again; NULL once it is settled.
ALTER TABLE sync_deliveries ADD COLUMN overdue_at TEXT;

CREATE INDEX undelivered ON sync_deliveries (state, overdue_at) WHERE state <> 'delivered';
