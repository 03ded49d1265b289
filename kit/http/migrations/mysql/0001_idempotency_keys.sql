CREATE TABLE idempotency_keys (
  scope_hash BINARY(32) NOT NULL PRIMARY KEY,
  fingerprint BINARY(32) NOT NULL,
  resource_id BINARY(16),
  answer_status BIGINT CHECK (answer_status BETWEEN 200 AND 599),
  answer_body LONGBLOB,
  answer_location VARCHAR(1024) CHARACTER SET ascii COLLATE ascii_bin,
  created_at BIGINT NOT NULL,
  KEY idempotency_keys_created_at (created_at),
  CHECK ((answer_status IS NULL) = (answer_body IS NULL))
) ENGINE = InnoDB;
