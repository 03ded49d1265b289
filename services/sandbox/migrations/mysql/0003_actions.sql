-- The old CHECK has another name on each kind of server: the table is written anew.
ALTER TABLE ledger DROP FOREIGN KEY ledger_charge;
CREATE TABLE charges_with_actions (
    charge_key VARCHAR(64) NOT NULL PRIMARY KEY,
    amount BIGINT NOT NULL,
    currency VARCHAR(3),
    token VARCHAR(64),
    status VARCHAR(16) NOT NULL,
    captured BIGINT NOT NULL,
    refunded BIGINT NOT NULL,
    decline_code VARCHAR(32),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK (status IN ('requires_action', 'authorized', 'captured', 'declined', 'voided')),
    CHECK (amount >= 0 AND captured >= 0 AND captured <= amount),
    CHECK (refunded >= 0 AND refunded <= captured),
    CHECK (status = 'captured' OR captured = 0)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
INSERT INTO charges_with_actions SELECT charge_key, amount, currency, token, status, captured,
    refunded, decline_code, created_at, updated_at FROM charges;
DROP TABLE charges;
RENAME TABLE charges_with_actions TO charges;
ALTER TABLE ledger ADD CONSTRAINT ledger_charge FOREIGN KEY (charge_key) REFERENCES charges (charge_key);
