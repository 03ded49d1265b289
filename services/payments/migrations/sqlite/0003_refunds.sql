CREATE TABLE refunds (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    payment_id BLOB NOT NULL,
    operation INTEGER NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    reason TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (payment_id, operation),
    FOREIGN KEY (payment_id, operation) REFERENCES operations (payment_id, number)
) STRICT, WITHOUT ROWID;
