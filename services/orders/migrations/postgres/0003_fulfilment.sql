ALTER TABLE orders ADD COLUMN refunded BIGINT NOT NULL DEFAULT 0 CHECK (refunded >= 0 AND refunded <= captured);

ALTER TABLE orders ADD COLUMN note TEXT;

ALTER TABLE orders ADD COLUMN email_folded TEXT;

UPDATE orders SET email_folded = LOWER(email);

ALTER TABLE orders ADD COLUMN next_action TEXT;

ALTER TABLE orders ADD COLUMN cancel_asked TEXT;

ALTER TABLE orders ADD COLUMN attempt BIGINT NOT NULL DEFAULT 1;

ALTER TABLE orders ADD COLUMN shipment_count BIGINT NOT NULL DEFAULT 0;

ALTER TABLE orders ADD COLUMN refund_count BIGINT NOT NULL DEFAULT 0;

ALTER TABLE order_lines ADD COLUMN shipped BIGINT NOT NULL DEFAULT 0 CHECK (shipped >= 0 AND shipped <= quantity);

ALTER TABLE sagas ADD COLUMN deadline BIGINT;

ALTER TABLE sagas ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;

CREATE INDEX orders_by_user ON orders (user_id, created_at, id);

CREATE INDEX orders_by_time ON orders (created_at, id);

CREATE INDEX orders_by_status ON orders (status, created_at, id);

CREATE INDEX orders_by_email ON orders (email_folded, created_at, id);

CREATE TABLE shipments (
    id              BYTEA NOT NULL PRIMARY KEY,
    order_id        BYTEA NOT NULL REFERENCES orders (id),
    shipment_no     BIGINT NOT NULL,
    status          TEXT NOT NULL CHECK (status IN ('preparing', 'shipped', 'withdrawn')),
    carrier         TEXT NOT NULL,
    tracking_number TEXT,
    withdrawn_for   TEXT,
    claim           BYTEA,
    created_at      BIGINT NOT NULL,
    shipped_at      BIGINT,
    UNIQUE (order_id, shipment_no),
    CHECK ((status = 'shipped') = (shipped_at IS NOT NULL)),
    CHECK ((status = 'withdrawn') = (withdrawn_for IS NOT NULL))
);

CREATE TABLE shipment_lines (
    shipment_id BYTEA NOT NULL REFERENCES shipments (id),
    line_no     BIGINT NOT NULL,
    quantity    BIGINT NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (shipment_id, line_no)
);

CREATE TABLE refunds (
    id         BYTEA NOT NULL PRIMARY KEY,
    order_id   BYTEA NOT NULL REFERENCES orders (id),
    refund_no  BIGINT NOT NULL,
    status     TEXT NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
    amount     BIGINT NOT NULL CHECK (amount > 0),
    reason     TEXT NOT NULL,
    claim      BYTEA,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (order_id, refund_no)
);
