CREATE TABLE payments (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    reference BYTEA CHECK (octet_length(reference) = 16),
    provider TEXT,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN
        ('unknown', 'authorized', 'captured', 'failed', 'voided', 'partially_refunded', 'refunded')),
    captured BIGINT NOT NULL,
    refunded BIGINT NOT NULL,
    decline_code TEXT,
    open_operation BIGINT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK (captured >= 0 AND captured <= amount),
    CHECK (refunded >= 0 AND refunded <= captured),
    CHECK (open_operation IS NULL OR open_operation = version)
);
