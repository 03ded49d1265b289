CREATE TABLE tracking (
    order_id BYTEA NOT NULL REFERENCES orders (id),
    entry_no BIGINT NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('status', 'payment', 'shipment')),
    data     TEXT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (order_id, entry_no)
);

CREATE TABLE stream_tickets (
    hash       BYTEA NOT NULL PRIMARY KEY,
    order_id   BYTEA NOT NULL REFERENCES orders (id),
    expires_at BIGINT NOT NULL
);

CREATE INDEX stream_tickets_by_expiry ON stream_tickets (expires_at);
