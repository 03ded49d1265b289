ALTER TABLE order_history
    ADD COLUMN kind VARCHAR(16) COLLATE utf8mb4_bin NOT NULL DEFAULT 'status',
    ADD COLUMN data TEXT COLLATE utf8mb4_bin,
    ADD CHECK (kind IN ('status', 'payment', 'shipment')),
    ADD CHECK ((kind = 'status') = (data IS NULL));

CREATE TABLE stream_tickets (
    hash       BINARY(32) NOT NULL PRIMARY KEY,
    order_id   BINARY(16) NOT NULL,
    expires_at BIGINT NOT NULL,
    INDEX stream_tickets_by_expiry (expires_at),
    FOREIGN KEY (order_id) REFERENCES orders (id)
);
