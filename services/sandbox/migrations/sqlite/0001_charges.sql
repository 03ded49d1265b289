CREATE TABLE charges (
    charge_key TEXT NOT NULL PRIMARY KEY,
    amount INTEGER NOT NULL,
    currency TEXT,
    token TEXT,
    status TEXT NOT NULL CHECK (status IN ('authorized', 'captured', 'declined', 'voided')),
    captured INTEGER NOT NULL,
    refunded INTEGER NOT NULL,
    decline_code TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK (amount >= 0 AND captured >= 0 AND captured <= amount),
    CHECK (refunded >= 0 AND refunded <= captured),
    CHECK (status = 'captured' OR captured = 0)
) STRICT, WITHOUT ROWID;
