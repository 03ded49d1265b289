CREATE TABLE outbox (
  position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_id BYTEA NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  aggregate_kind TEXT NOT NULL,
  aggregate_id BYTEA NOT NULL,
  sequence BIGINT NOT NULL CHECK (sequence > 0),
  partition_no BIGINT NOT NULL CHECK (partition_no BETWEEN 0 AND 63),
  occurred_at BIGINT NOT NULL,
  traceparent TEXT,
  data TEXT NOT NULL,
  published_at BIGINT,
  UNIQUE (aggregate_id, aggregate_kind, sequence)
);

CREATE INDEX outbox_published ON outbox (published_at, position);

CREATE TABLE event_sequences (
  aggregate_kind TEXT NOT NULL,
  aggregate_id BYTEA NOT NULL,
  last_sequence BIGINT NOT NULL,
  PRIMARY KEY (aggregate_id, aggregate_kind)
);

CREATE TABLE inbox (
  consumer TEXT NOT NULL,
  aggregate_kind TEXT NOT NULL,
  aggregate_id BYTEA NOT NULL,
  last_sequence BIGINT NOT NULL,
  last_event_id BYTEA,
  last_event_at BIGINT NOT NULL,
  PRIMARY KEY (aggregate_id, aggregate_kind, consumer)
);

CREATE INDEX inbox_last_event_at ON inbox (last_event_at);

CREATE TABLE dead_letters (
  consumer TEXT NOT NULL,
  event_id BYTEA NOT NULL,
  aggregate_kind TEXT NOT NULL,
  aggregate_id BYTEA NOT NULL,
  sequence BIGINT NOT NULL,
  event TEXT NOT NULL,
  error TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  parked_at BIGINT NOT NULL,
  PRIMARY KEY (consumer, event_id)
);

CREATE INDEX dead_letters_aggregate
  ON dead_letters (aggregate_id, aggregate_kind, consumer, sequence);

CREATE TABLE relay_leases (
  partition_group BIGINT PRIMARY KEY,
  owner BYTEA,
  held_until BIGINT NOT NULL
);

INSERT INTO relay_leases (partition_group, owner, held_until)
VALUES (0, NULL, 0), (1, NULL, 0), (2, NULL, 0), (3, NULL, 0),
       (4, NULL, 0), (5, NULL, 0), (6, NULL, 0), (7, NULL, 0);

CREATE TABLE relay_members (
  owner BYTEA PRIMARY KEY,
  held_until BIGINT NOT NULL
);
