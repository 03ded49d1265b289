CREATE TABLE carts (
    id         BINARY(16) NOT NULL PRIMARY KEY,
    user_id    BINARY(16),
    status     VARCHAR(16) COLLATE utf8mb4_bin NOT NULL CHECK (status IN ('open', 'locked', 'completed', 'claimed')),
    order_id   BINARY(16),
    revision   BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((status IN ('locked', 'completed')) = (order_id IS NOT NULL)),
    INDEX carts_by_user (user_id, id),
    INDEX carts_by_update (updated_at)
);

CREATE TABLE cart_items (
    cart_id  BINARY(16) NOT NULL,
    id       BINARY(16) NOT NULL,
    sku      VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    quantity BIGINT NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (cart_id, id),
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
    ADD UNIQUE INDEX orders_by_live_cart (live_cart_id);
