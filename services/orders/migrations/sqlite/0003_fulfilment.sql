ALTER TABLE orders ADD COLUMN refunded INTEGER NOT NULL DEFAULT 0 CHECK (refunded >= 0 AND refunded <= captured);

ALTER TABLE orders ADD COLUMN note TEXT;

ALTER TABLE orders ADD COLUMN email_folded TEXT;

UPDATE orders SET email_folded = LOWER(email);

ALTER TABLE orders ADD COLUMN next_action TEXT;

ALTER TABLE orders ADD COLUMN cancel_asked TEXT;

ALTER TABLE orders ADD COLUMN attempt INTEGER NOT NULL DEFAULT 1;

ALTER TABLE orders ADD COLUMN shipment_count INTEGER NOT NULL DEFAULT 0;

ALTER TABLE orders ADD COLUMN refund_count INTEGER NOT NULL DEFAULT 0;

ALTER TABLE order_lines ADD COLUMN shipped INTEGER NOT NULL DEFAULT 0 CHECK (shipped >= 0 AND shipped <= quantity);

ALTER TABLE sagas ADD COLUMN deadline INTEGER;

ALTER TABLE sagas ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;

CREATE INDEX orders_by_user ON orders (user_id, created_at, id);

CREATE INDEX orders_by_time ON orders (created_at, id);

CREATE INDEX orders_by_status ON orders (status, created_at, id);

CREATE INDEX orders_by_email ON orders (email_folded, created_at, id);

CREATE TABLE shipments (
    id              BLOB NOT NULL PRIMARY KEY,
    order_id        BLOB NOT NULL REFERENCES orders (id),
    shipment_no     INTEGER NOT NULL,
    status          TEXT NOT NULL CHECK (status IN ('preparing', 'shipped', 'withdrawn')),
    carrier         TEXT NOT NULL,
    tracking_number TEXT,
    withdrawn_for   TEXT,
    claim           BLOB,
    created_at      INTEGER NOT NULL,
    shipped_at      INTEGER,
    UNIQUE (order_id, shipment_no),
    CHECK ((status = 'shipped') = (shipped_at IS NOT NULL)),
    CHECK ((status = 'withdrawn') = (withdrawn_for IS NOT NULL))
) WITHOUT ROWID;

CREATE TABLE shipment_lines (
    shipment_id BLOB NOT NULL REFERENCES shipments (id),
    line_no     INTEGER NOT NULL,
    quantity    INTEGER NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (shipment_id, line_no)
) WITHOUT ROWID;

CREATE TABLE refunds (
    id         BLOB NOT NULL PRIMARY KEY,
    order_id   BLOB NOT NULL REFERENCES orders (id),
    refund_no  INTEGER NOT NULL,
    status     TEXT NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
    amount     INTEGER NOT NULL CHECK (amount > 0),
    reason     TEXT NOT NULL,
    claim      BLOB,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (order_id, refund_no)
) WITHOUT ROWID;
