ALTER TABLE refunds ADD COLUMN failure_code VARCHAR(64);
ALTER TABLE refunds ADD COLUMN failed_at BIGINT;
