CREATE TABLE tracking (
    order_id BLOB NOT NULL REFERENCES orders (id),
    entry_no INTEGER NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('status', 'payment', 'shipment')),
    data     TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (order_id, entry_no)
) WITHOUT ROWID;

CREATE TABLE stream_tickets (
    hash       BLOB NOT NULL PRIMARY KEY,
    order_id   BLOB NOT NULL REFERENCES orders (id),
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX stream_tickets_by_expiry ON stream_tickets (expires_at);
