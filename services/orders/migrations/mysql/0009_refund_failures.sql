ALTER TABLE refunds ADD COLUMN failure_code VARCHAR(64);
