CREATE TABLE ledger (
    charge_key TEXT NOT NULL REFERENCES charges (charge_key),
    entry TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (charge_key, entry)
) STRICT, WITHOUT ROWID;
