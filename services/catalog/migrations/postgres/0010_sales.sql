-- What was sold and is not yet added to its product: a product's number stands in four indexes, which
-- one order must not touch.
CREATE TABLE sales (
    event_id   BYTEA NOT NULL,
    product_id BYTEA NOT NULL,
    pieces     BIGINT NOT NULL CHECK (pieces >= 1),
    PRIMARY KEY (event_id, product_id)
);
