ALTER TABLE idempotency_keys ADD COLUMN answer_version BIGINT;
