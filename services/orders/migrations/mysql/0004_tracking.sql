CREATE TABLE tracking (
    order_id BINARY(16) NOT NULL,
    entry_no BIGINT NOT NULL,
    kind     VARCHAR(16) COLLATE utf8mb4_bin NOT NULL CHECK (kind IN ('status', 'payment', 'shipment')),
    data     TEXT COLLATE utf8mb4_bin NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (order_id, entry_no),
    FOREIGN KEY (order_id) REFERENCES orders (id)
);

CREATE TABLE stream_tickets (
    hash       BINARY(32) NOT NULL PRIMARY KEY,
    order_id   BINARY(16) NOT NULL,
    expires_at BIGINT NOT NULL,
    INDEX stream_tickets_by_expiry (expires_at),
    FOREIGN KEY (order_id) REFERENCES orders (id)
);
