CREATE TABLE idempotency_keys (
  scope_hash BLOB NOT NULL PRIMARY KEY CHECK (length(scope_hash) = 32),
  fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
  resource_id BLOB,
  answer_status INTEGER CHECK (answer_status BETWEEN 200 AND 599),
  answer_body BLOB,
  answer_location TEXT,
  created_at INTEGER NOT NULL,
  CHECK ((answer_status IS NULL) = (answer_body IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
