CREATE TABLE outbox (
  position INTEGER PRIMARY KEY,
  event_id BLOB NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  aggregate_kind TEXT NOT NULL,
  aggregate_id BLOB NOT NULL,
  sequence INTEGER NOT NULL CHECK (sequence > 0),
  partition_no INTEGER NOT NULL CHECK (partition_no BETWEEN 0 AND 63),
  occurred_at INTEGER NOT NULL,
  traceparent TEXT,
  data TEXT NOT NULL,
  published_at INTEGER,
  UNIQUE (aggregate_id, aggregate_kind, sequence)
) STRICT;

CREATE INDEX outbox_published ON outbox (published_at, position);

CREATE TABLE event_sequences (
  aggregate_kind TEXT NOT NULL,
  aggregate_id BLOB NOT NULL,
  last_sequence INTEGER NOT NULL,
  PRIMARY KEY (aggregate_id, aggregate_kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE inbox (
  consumer TEXT NOT NULL,
  aggregate_kind TEXT NOT NULL,
  aggregate_id BLOB NOT NULL,
  last_sequence INTEGER NOT NULL,
  last_event_id BLOB,
  last_event_at INTEGER NOT NULL,
  PRIMARY KEY (aggregate_id, aggregate_kind, consumer)
) STRICT, WITHOUT ROWID;

CREATE INDEX inbox_last_event_at ON inbox (last_event_at);

CREATE TABLE dead_letters (
  consumer TEXT NOT NULL,
  event_id BLOB NOT NULL,
  aggregate_kind TEXT NOT NULL,
  aggregate_id BLOB NOT NULL,
  sequence INTEGER NOT NULL,
  event TEXT NOT NULL,
  error TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  parked_at INTEGER NOT NULL,
  PRIMARY KEY (consumer, event_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX dead_letters_aggregate
  ON dead_letters (aggregate_id, aggregate_kind, consumer, sequence);

CREATE TABLE relay_leases (
  partition_group INTEGER PRIMARY KEY,
  owner BLOB,
  held_until INTEGER NOT NULL
) STRICT;

INSERT INTO relay_leases (partition_group, owner, held_until)
VALUES (0, NULL, 0), (1, NULL, 0), (2, NULL, 0), (3, NULL, 0),
       (4, NULL, 0), (5, NULL, 0), (6, NULL, 0), (7, NULL, 0);

CREATE TABLE relay_members (
  owner BLOB PRIMARY KEY,
  held_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
