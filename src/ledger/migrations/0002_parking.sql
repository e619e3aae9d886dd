-- What the archive could not take for now: bodies that wait to be taken in again.
CREATE TABLE parked_bodies (
  digest TEXT NOT NULL,       -- SHA-256 of the body, hex
  part INTEGER NOT NULL,      -- from 0: a row holds 2 MB, a body may need several
  received_at TEXT NOT NULL,
  reason TEXT NOT NULL,       -- what failed
  body BLOB NOT NULL,         -- gzip
  PRIMARY KEY (digest, part)
) STRICT;

CREATE INDEX parked_bodies_by_age ON parked_bodies (received_at, digest) WHERE part = 0;

-- When a pending delivery counts as forgotten, so that the relay sends its message again; NULL once it is settled.
ALTER TABLE sync_deliveries ADD COLUMN overdue_at TEXT;

-- How often the delivery was sent again. Messages of an earlier round are ignored, or each would retry on its own.
ALTER TABLE sync_deliveries ADD COLUMN round INTEGER NOT NULL DEFAULT 0;

CREATE INDEX undelivered ON sync_deliveries (state, overdue_at) WHERE state <> 'delivered';
