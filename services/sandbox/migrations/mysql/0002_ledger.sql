CREATE TABLE ledger (
    charge_key VARCHAR(64) NOT NULL,
    entry VARCHAR(80) NOT NULL,
    amount BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (charge_key, entry),
    CONSTRAINT ledger_charge FOREIGN KEY (charge_key) REFERENCES charges (charge_key),
    CHECK (amount > 0)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
