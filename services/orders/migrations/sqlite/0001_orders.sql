CREATE TABLE orders (
    id               BLOB NOT NULL PRIMARY KEY,
    number           TEXT UNIQUE,
    user_id          BLOB,
    email            TEXT,
    status           TEXT NOT NULL,
    refused          INTEGER NOT NULL CHECK (refused IN (0, 1)),
    payment_id       BLOB NOT NULL,
    payment_provider TEXT NOT NULL,
    payment_status   TEXT NOT NULL,
    captured         INTEGER NOT NULL,
    shipping_method  TEXT,
    shipping_address TEXT,
    billing_address  TEXT,
    currency         TEXT NOT NULL,
    subtotal         INTEGER NOT NULL CHECK (subtotal >= 0),
    discount         INTEGER NOT NULL CHECK (discount >= 0),
    shipping         INTEGER NOT NULL CHECK (shipping >= 0),
    tax              INTEGER NOT NULL CHECK (tax >= 0),
    total            INTEGER NOT NULL CHECK (total >= 0),
    version          INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    CHECK (captured >= 0 AND captured <= total),
    CHECK (refused = 0 OR (number IS NULL AND email IS NULL))
) WITHOUT ROWID;

CREATE TABLE order_lines (
    order_id   BLOB NOT NULL REFERENCES orders (id),
    line_no    INTEGER NOT NULL,
    sku        TEXT NOT NULL,
    product_id BLOB NOT NULL,
    variant_id BLOB NOT NULL,
    name       TEXT NOT NULL,
    fulfilment TEXT NOT NULL,
    quantity   INTEGER NOT NULL CHECK (quantity > 0),
    unit_price INTEGER NOT NULL CHECK (unit_price >= 0),
    total      INTEGER NOT NULL CHECK (total >= 0),
    tax        INTEGER NOT NULL CHECK (tax >= 0),
    PRIMARY KEY (order_id, line_no)
) WITHOUT ROWID;

CREATE TABLE order_history (
    order_id BLOB NOT NULL REFERENCES orders (id),
    entry_no INTEGER NOT NULL,
    status   TEXT NOT NULL,
    at       INTEGER NOT NULL,
    note     TEXT,
    PRIMARY KEY (order_id, entry_no)
) WITHOUT ROWID;

CREATE TABLE sagas (
    order_id    BLOB NOT NULL PRIMARY KEY REFERENCES orders (id),
    step        TEXT NOT NULL,
    attempt     INTEGER NOT NULL CHECK (attempt >= 1),
    tries       INTEGER NOT NULL,
    asked_at    INTEGER,
    answered    INTEGER NOT NULL CHECK (answered IN (0, 1)),
    refusal     TEXT,
    claim       BLOB,
    lease_owner BLOB NOT NULL,
    due_at      INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX sagas_by_due ON sagas (due_at);
