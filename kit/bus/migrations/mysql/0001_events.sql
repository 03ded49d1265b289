CREATE TABLE outbox (
  position BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  event_id BINARY(16) NOT NULL UNIQUE,
  kind VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  aggregate_kind VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  aggregate_id BINARY(16) NOT NULL,
  sequence BIGINT NOT NULL CHECK (sequence > 0),
  partition_no BIGINT NOT NULL CHECK (partition_no BETWEEN 0 AND 63),
  occurred_at BIGINT NOT NULL,
  traceparent VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  data LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  published_at BIGINT,
  UNIQUE KEY outbox_sequence (aggregate_id, aggregate_kind, sequence),
  KEY outbox_published (published_at, position)
) ENGINE = InnoDB;

CREATE TABLE event_sequences (
  aggregate_kind VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  aggregate_id BINARY(16) NOT NULL,
  last_sequence BIGINT NOT NULL,
  PRIMARY KEY (aggregate_id, aggregate_kind)
) ENGINE = InnoDB;

CREATE TABLE inbox (
  consumer VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  aggregate_kind VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  aggregate_id BINARY(16) NOT NULL,
  last_sequence BIGINT NOT NULL,
  last_event_id BINARY(16),
  last_event_at BIGINT NOT NULL,
  PRIMARY KEY (aggregate_id, aggregate_kind, consumer),
  KEY inbox_last_event_at (last_event_at)
) ENGINE = InnoDB;

CREATE TABLE dead_letters (
  consumer VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  event_id BINARY(16) NOT NULL,
  aggregate_kind VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  aggregate_id BINARY(16) NOT NULL,
  sequence BIGINT NOT NULL,
  event LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  error TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  attempts BIGINT NOT NULL,
  parked_at BIGINT NOT NULL,
  PRIMARY KEY (consumer, event_id),
  KEY dead_letters_aggregate (aggregate_id, aggregate_kind, consumer, sequence)
) ENGINE = InnoDB;

CREATE TABLE relay_leases (
  partition_group BIGINT NOT NULL PRIMARY KEY,
  owner BINARY(16),
  held_until BIGINT NOT NULL
) ENGINE = InnoDB;

INSERT INTO relay_leases (partition_group, owner, held_until)
VALUES (0, NULL, 0), (1, NULL, 0), (2, NULL, 0), (3, NULL, 0),
       (4, NULL, 0), (5, NULL, 0), (6, NULL, 0), (7, NULL, 0);

CREATE TABLE relay_members (
  owner BINARY(16) NOT NULL PRIMARY KEY,
  held_until BIGINT NOT NULL
) ENGINE = InnoDB;
