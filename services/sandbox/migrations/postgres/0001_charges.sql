CREATE TABLE charges (
    charge_key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    amount BIGINT NOT NULL,
    currency TEXT,
    token TEXT,
    status TEXT NOT NULL CHECK (status IN ('authorized', 'captured', 'declined', 'voided')),
    captured BIGINT NOT NULL,
    refunded BIGINT NOT NULL,
    decline_code TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK (amount >= 0 AND captured >= 0 AND captured <= amount),
    CHECK (refunded >= 0 AND refunded <= captured),
    CHECK (status = 'captured' OR captured = 0)
);
