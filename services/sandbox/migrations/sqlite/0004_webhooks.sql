CREATE TABLE webhooks (
    charge_key TEXT NOT NULL REFERENCES charges (charge_key),
    event TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (charge_key, event)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhooks_due ON webhooks (next_attempt_at);
