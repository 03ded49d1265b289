CREATE TABLE orders (
    id               BYTEA NOT NULL PRIMARY KEY,
    number           TEXT UNIQUE,
    user_id          BYTEA,
    email            TEXT,
    status           TEXT NOT NULL,
    refused          BOOLEAN NOT NULL,
    payment_id       BYTEA NOT NULL,
    payment_provider TEXT NOT NULL,
    payment_status   TEXT NOT NULL,
    captured         BIGINT NOT NULL,
    shipping_method  TEXT,
    shipping_address TEXT,
    billing_address  TEXT,
    currency         TEXT NOT NULL,
    subtotal         BIGINT NOT NULL CHECK (subtotal >= 0),
    discount         BIGINT NOT NULL CHECK (discount >= 0),
    shipping         BIGINT NOT NULL CHECK (shipping >= 0),
    tax              BIGINT NOT NULL CHECK (tax >= 0),
    total            BIGINT NOT NULL CHECK (total >= 0),
    version          BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    CHECK (captured >= 0 AND captured <= total),
    CHECK (NOT refused OR (number IS NULL AND email IS NULL))
);

CREATE TABLE order_lines (
    order_id   BYTEA NOT NULL REFERENCES orders (id),
    line_no    BIGINT NOT NULL,
    sku        TEXT NOT NULL,
    product_id BYTEA NOT NULL,
    variant_id BYTEA NOT NULL,
    name       TEXT NOT NULL,
    fulfilment TEXT NOT NULL,
    quantity   BIGINT NOT NULL CHECK (quantity > 0),
    unit_price BIGINT NOT NULL CHECK (unit_price >= 0),
    total      BIGINT NOT NULL CHECK (total >= 0),
    tax        BIGINT NOT NULL CHECK (tax >= 0),
    PRIMARY KEY (order_id, line_no)
);

CREATE TABLE order_history (
    order_id BYTEA NOT NULL REFERENCES orders (id),
    entry_no BIGINT NOT NULL,
    status   TEXT NOT NULL,
    at       BIGINT NOT NULL,
    note     TEXT,
    PRIMARY KEY (order_id, entry_no)
);

CREATE TABLE sagas (
    order_id    BYTEA NOT NULL PRIMARY KEY REFERENCES orders (id),
    step        TEXT NOT NULL,
    attempt     BIGINT NOT NULL CHECK (attempt >= 1),
    tries       BIGINT NOT NULL,
    asked_at    BIGINT,
    answered    BOOLEAN NOT NULL,
    refusal     TEXT,
    claim       BYTEA,
    lease_owner BYTEA NOT NULL,
    due_at      BIGINT NOT NULL
);

CREATE INDEX sagas_by_due ON sagas (due_at);
