CREATE TABLE ledger_entries (
    payment_id BLOB NOT NULL,
    operation INTEGER NOT NULL,
    line INTEGER NOT NULL,
    account TEXT NOT NULL CHECK (account IN
        ('authorized_at_provider', 'authorized_by_customer', 'provider_receivable', 'sales', 'refunds')),
    amount INTEGER NOT NULL CHECK (amount <> 0),
    currency TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (payment_id, operation, line),
    FOREIGN KEY (payment_id, operation) REFERENCES operations (payment_id, number)
) STRICT, WITHOUT ROWID;
