CREATE TABLE refunds (
    charge_key TEXT COLLATE "C" NOT NULL REFERENCES charges (charge_key),
    refund_key TEXT COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    status TEXT NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed', 'refused')),
    failure_code TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (charge_key, refund_key),
    CHECK ((status IN ('failed', 'refused')) = (failure_code IS NOT NULL))
);
INSERT INTO refunds SELECT charge_key, substr(entry, 10), amount, 'succeeded', NULL, created_at
    FROM ledger WHERE entry LIKE 'refunded:%';
