CREATE TABLE orders (
    id               BINARY(16) NOT NULL PRIMARY KEY,
    number           VARCHAR(16) COLLATE utf8mb4_bin UNIQUE,
    user_id          BINARY(16),
    email            VARCHAR(254) COLLATE utf8mb4_bin,
    status           VARCHAR(32) COLLATE utf8mb4_bin NOT NULL,
    refused          BOOLEAN NOT NULL,
    payment_id       BINARY(16) NOT NULL,
    payment_provider VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    payment_status   VARCHAR(32) COLLATE utf8mb4_bin NOT NULL,
    captured         BIGINT NOT NULL,
    shipping_method  VARCHAR(64) COLLATE utf8mb4_bin,
    shipping_address TEXT COLLATE utf8mb4_bin,
    billing_address  TEXT COLLATE utf8mb4_bin,
    currency         VARCHAR(3) COLLATE utf8mb4_bin NOT NULL,
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
    order_id   BINARY(16) NOT NULL,
    line_no    BIGINT NOT NULL,
    sku        VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    product_id BINARY(16) NOT NULL,
    variant_id BINARY(16) NOT NULL,
    name       TEXT COLLATE utf8mb4_bin NOT NULL,
    fulfilment VARCHAR(16) COLLATE utf8mb4_bin NOT NULL,
    quantity   BIGINT NOT NULL CHECK (quantity > 0),
    unit_price BIGINT NOT NULL CHECK (unit_price >= 0),
    total      BIGINT NOT NULL CHECK (total >= 0),
    tax        BIGINT NOT NULL CHECK (tax >= 0),
    PRIMARY KEY (order_id, line_no),
    FOREIGN KEY (order_id) REFERENCES orders (id)
);

CREATE TABLE order_history (
    order_id BINARY(16) NOT NULL,
    entry_no BIGINT NOT NULL,
    status   VARCHAR(32) COLLATE utf8mb4_bin NOT NULL,
    at       BIGINT NOT NULL,
    note     TEXT COLLATE utf8mb4_bin,
    PRIMARY KEY (order_id, entry_no),
    FOREIGN KEY (order_id) REFERENCES orders (id)
);

CREATE TABLE sagas (
    order_id    BINARY(16) NOT NULL PRIMARY KEY,
    step        VARCHAR(16) COLLATE utf8mb4_bin NOT NULL,
    attempt     BIGINT NOT NULL CHECK (attempt >= 1),
    tries       BIGINT NOT NULL,
    asked_at    BIGINT,
    answered    BOOLEAN NOT NULL,
    refusal     TEXT COLLATE utf8mb4_bin,
    claim       BINARY(32),
    lease_owner BINARY(16) NOT NULL,
    due_at      BIGINT NOT NULL,
    INDEX sagas_by_due (due_at),
    FOREIGN KEY (order_id) REFERENCES orders (id)
);
