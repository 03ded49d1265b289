ALTER TABLE order_history ADD COLUMN kind TEXT NOT NULL DEFAULT 'status' CHECK (kind IN ('status', 'payment', 'shipment'));

ALTER TABLE order_history ADD COLUMN data TEXT;

ALTER TABLE order_history ADD CHECK ((kind = 'status') = (data IS NULL));

CREATE TABLE stream_tickets (
    hash       BYTEA NOT NULL PRIMARY KEY,
    order_id   BYTEA NOT NULL REFERENCES orders (id),
    expires_at BIGINT NOT NULL
);

CREATE INDEX stream_tickets_by_expiry ON stream_tickets (expires_at);
