CREATE TABLE ledger_entries (
    payment_id BINARY(16) NOT NULL,
    operation BIGINT NOT NULL,
    line BIGINT NOT NULL,
    account VARCHAR(32) NOT NULL,
    amount BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (payment_id, operation, line),
    CONSTRAINT ledger_entries_of_operation FOREIGN KEY (payment_id, operation)
        REFERENCES operations (payment_id, number),
    CHECK (account IN
        ('authorized_at_provider', 'authorized_by_customer', 'provider_receivable', 'sales', 'refunds')),
    CHECK (amount <> 0)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
