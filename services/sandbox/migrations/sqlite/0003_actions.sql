-- A CHECK cannot be changed in place: the table is written anew, and the ledger with it, which names it.
CREATE TABLE charges_with_actions (
    charge_key TEXT NOT NULL PRIMARY KEY,
    amount INTEGER NOT NULL,
    currency TEXT,
    token TEXT,
    status TEXT NOT NULL CHECK (status IN
        ('requires_action', 'authorized', 'captured', 'declined', 'voided')),
    captured INTEGER NOT NULL,
    refunded INTEGER NOT NULL,
    decline_code TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK (amount >= 0 AND captured >= 0 AND captured <= amount),
    CHECK (refunded >= 0 AND refunded <= captured),
    CHECK (status = 'captured' OR captured = 0)
) STRICT, WITHOUT ROWID;
INSERT INTO charges_with_actions SELECT charge_key, amount, currency, token, status, captured,
    refunded, decline_code, created_at, updated_at FROM charges;
CREATE TABLE ledger_of_charges (
    charge_key TEXT NOT NULL REFERENCES charges_with_actions (charge_key),
    entry TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (charge_key, entry)
) STRICT, WITHOUT ROWID;
INSERT INTO ledger_of_charges SELECT charge_key, entry, amount, currency, created_at FROM ledger;
DROP TABLE ledger;
DROP TABLE charges;
ALTER TABLE charges_with_actions RENAME TO charges;
ALTER TABLE ledger_of_charges RENAME TO ledger;
