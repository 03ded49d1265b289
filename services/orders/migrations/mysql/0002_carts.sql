CREATE TABLE carts (
    id         BINARY(16) NOT NULL PRIMARY KEY,
    user_id    BINARY(16),
    status     VARCHAR(16) COLLATE utf8mb4_bin NOT NULL CHECK (status IN ('open', 'locked', 'completed')),
    order_id   BINARY(16),
    revision   BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((status = 'open') = (order_id IS NULL)),
    INDEX carts_by_user (user_id, created_at),
    INDEX carts_by_update (updated_at)
);

CREATE TABLE cart_items (
    id       BINARY(16) NOT NULL PRIMARY KEY,
    cart_id  BINARY(16) NOT NULL,
    sku      VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    quantity BIGINT NOT NULL CHECK (quantity > 0),
    added_at BIGINT NOT NULL,
    UNIQUE (cart_id, sku),
    FOREIGN KEY (cart_id) REFERENCES carts (id)
);

CREATE TABLE cart_claims (
    guest_cart_id BINARY(16) NOT NULL PRIMARY KEY,
    user_id       BINARY(16) NOT NULL,
    cart_id       BINARY(16) NOT NULL,
    claimed_at    BIGINT NOT NULL,
    FOREIGN KEY (guest_cart_id) REFERENCES carts (id),
    FOREIGN KEY (cart_id) REFERENCES carts (id)
);

ALTER TABLE orders
    ADD COLUMN cart_id BINARY(16),
    ADD COLUMN live_cart_id BINARY(16),
    ADD COLUMN prices_include_tax BOOLEAN NOT NULL DEFAULT FALSE,
    ADD COLUMN shipping_tax BIGINT NOT NULL DEFAULT 0,
    ADD UNIQUE INDEX orders_by_live_cart (live_cart_id);
