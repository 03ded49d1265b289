CREATE TABLE refunds (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    payment_id BYTEA NOT NULL,
    operation BIGINT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    reason TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (payment_id, operation),
    FOREIGN KEY (payment_id, operation) REFERENCES operations (payment_id, number)
);
