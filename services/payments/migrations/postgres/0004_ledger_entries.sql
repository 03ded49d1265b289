CREATE TABLE ledger_entries (
    payment_id BYTEA NOT NULL,
    operation BIGINT NOT NULL,
    line BIGINT NOT NULL,
    account TEXT NOT NULL CHECK (account IN
        ('authorized_at_provider', 'authorized_by_customer', 'provider_receivable', 'sales', 'refunds')),
    amount BIGINT NOT NULL CHECK (amount <> 0),
    currency TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (payment_id, operation, line),
    FOREIGN KEY (payment_id, operation) REFERENCES operations (payment_id, number)
);
