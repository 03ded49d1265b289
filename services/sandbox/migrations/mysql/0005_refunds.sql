CREATE TABLE refunds (
    charge_key VARCHAR(64) NOT NULL,
    refund_key VARCHAR(64) NOT NULL,
    amount BIGINT NOT NULL,
    status VARCHAR(16) NOT NULL,
    failure_code VARCHAR(32),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (charge_key, refund_key),
    CONSTRAINT refunds_charge FOREIGN KEY (charge_key) REFERENCES charges (charge_key),
    CHECK (amount > 0),
    CHECK (status IN ('pending', 'succeeded', 'failed', 'refused')),
    CHECK ((status IN ('failed', 'refused')) = (failure_code IS NOT NULL))
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
INSERT INTO refunds SELECT charge_key, substr(entry, 10), amount, 'succeeded', NULL, created_at
    FROM ledger WHERE entry LIKE 'refunded:%';
ALTER TABLE webhooks MODIFY event VARCHAR(96) NOT NULL;
