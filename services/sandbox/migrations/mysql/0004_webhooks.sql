CREATE TABLE webhooks (
    charge_key VARCHAR(64) NOT NULL,
    event VARCHAR(64) NOT NULL,
    attempts BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (charge_key, event),
    CONSTRAINT webhooks_charge FOREIGN KEY (charge_key) REFERENCES charges (charge_key)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX webhooks_due ON webhooks (next_attempt_at);
