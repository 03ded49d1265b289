CREATE TABLE carts (
    id         BLOB NOT NULL PRIMARY KEY,
    user_id    BLOB,
    status     TEXT NOT NULL CHECK (status IN ('open', 'locked', 'completed', 'claimed')),
    order_id   BLOB,
    revision   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK ((status IN ('locked', 'completed')) = (order_id IS NOT NULL))
) WITHOUT ROWID;

CREATE INDEX carts_by_user ON carts (user_id, id);

CREATE INDEX carts_by_update ON carts (updated_at);

CREATE TABLE cart_items (
    cart_id  BLOB NOT NULL REFERENCES carts (id),
    id       BLOB NOT NULL,
    sku      TEXT NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (cart_id, id),
    UNIQUE (cart_id, sku)
) WITHOUT ROWID;

CREATE TABLE cart_claims (
    guest_cart_id BLOB NOT NULL PRIMARY KEY REFERENCES carts (id),
    user_id       BLOB NOT NULL,
    cart_id       BLOB NOT NULL REFERENCES carts (id),
    claimed_at    INTEGER NOT NULL
) WITHOUT ROWID;

ALTER TABLE orders ADD COLUMN cart_id BLOB;

ALTER TABLE orders ADD COLUMN live_cart_id BLOB;

CREATE UNIQUE INDEX orders_by_live_cart ON orders (live_cart_id);

ALTER TABLE orders ADD COLUMN prices_include_tax INTEGER NOT NULL DEFAULT 0;
