CREATE TABLE webhooks (
    charge_key TEXT COLLATE "C" NOT NULL REFERENCES charges (charge_key),
    event TEXT COLLATE "C" NOT NULL,
    attempts BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (charge_key, event)
);
CREATE INDEX webhooks_due ON webhooks (next_attempt_at);
