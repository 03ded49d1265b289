CREATE TABLE ledger (
    charge_key TEXT COLLATE "C" NOT NULL REFERENCES charges (charge_key),
    entry TEXT COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (charge_key, entry)
);
