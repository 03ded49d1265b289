CREATE TABLE refunds (
    id BINARY(16) NOT NULL PRIMARY KEY,
    payment_id BINARY(16) NOT NULL,
    operation BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    reason VARCHAR(500) NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE KEY refunds_operation (payment_id, operation),
    CONSTRAINT refunds_of_operation FOREIGN KEY (payment_id, operation)
        REFERENCES operations (payment_id, number),
    CHECK (amount > 0)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
