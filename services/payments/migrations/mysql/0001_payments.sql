CREATE TABLE payments (
    id BINARY(16) NOT NULL PRIMARY KEY,
    reference BINARY(16),
    provider VARCHAR(32),
    amount BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    status VARCHAR(32) NOT NULL,
    captured BIGINT NOT NULL,
    refunded BIGINT NOT NULL,
    decline_code VARCHAR(64),
    open_operation BIGINT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK (status IN
        ('unknown', 'authorized', 'captured', 'failed', 'voided', 'partially_refunded', 'refunded')),
    CHECK (captured >= 0 AND captured <= amount),
    CHECK (refunded >= 0 AND refunded <= captured),
    CHECK (open_operation IS NULL OR open_operation = version)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
