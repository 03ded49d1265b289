CREATE TABLE carts (
    id         BYTEA NOT NULL PRIMARY KEY,
    user_id    BYTEA,
    status     TEXT NOT NULL CHECK (status IN ('open', 'locked', 'completed', 'claimed')),
    order_id   BYTEA,
    revision   BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((status IN ('locked', 'completed')) = (order_id IS NOT NULL))
);

CREATE INDEX carts_by_user ON carts (user_id, id);

CREATE INDEX carts_by_update ON carts (updated_at);

CREATE TABLE cart_items (
    cart_id  BYTEA NOT NULL REFERENCES carts (id),
    id       BYTEA NOT NULL,
    sku      TEXT NOT NULL,
    quantity BIGINT NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (cart_id, id),
    UNIQUE (cart_id, sku)
);

CREATE TABLE cart_claims (
    guest_cart_id BYTEA NOT NULL PRIMARY KEY REFERENCES carts (id),
    user_id       BYTEA NOT NULL,
    cart_id       BYTEA NOT NULL REFERENCES carts (id),
    claimed_at    BIGINT NOT NULL
);

ALTER TABLE orders ADD COLUMN cart_id BYTEA;

ALTER TABLE orders ADD COLUMN live_cart_id BYTEA;

CREATE UNIQUE INDEX orders_by_live_cart ON orders (live_cart_id);

ALTER TABLE orders ADD COLUMN prices_include_tax BOOLEAN NOT NULL DEFAULT FALSE;
