ALTER TABLE order_history ADD COLUMN kind TEXT NOT NULL DEFAULT 'status' CHECK (kind IN ('status', 'payment', 'shipment'));

ALTER TABLE order_history ADD COLUMN data TEXT CHECK ((kind = 'status') = (data IS NULL));

CREATE TABLE stream_tickets (
    hash       BLOB NOT NULL PRIMARY KEY,
    order_id   BLOB NOT NULL REFERENCES orders (id),
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX stream_tickets_by_expiry ON stream_tickets (expires_at);
