ALTER TABLE refunds ADD COLUMN failure_code TEXT;
