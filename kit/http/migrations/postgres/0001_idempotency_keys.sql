CREATE TABLE idempotency_keys (
  scope_hash BYTEA NOT NULL PRIMARY KEY CHECK (length(scope_hash) = 32),
  fingerprint BYTEA NOT NULL CHECK (length(fingerprint) = 32),
  resource_id BYTEA,
  answer_status BIGINT CHECK (answer_status BETWEEN 200 AND 599),
  answer_body BYTEA,
  answer_location TEXT,
  created_at BIGINT NOT NULL,
  CHECK ((answer_status IS NULL) = (answer_body IS NULL))
);

CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
