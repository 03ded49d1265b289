ALTER TABLE refunds ADD COLUMN look_at INTEGER;
UPDATE refunds SET look_at = created_at + 86400000000 WHERE failure_code IS NULL;
CREATE INDEX refunds_to_look_at ON refunds (look_at);
