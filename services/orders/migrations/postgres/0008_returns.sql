ALTER TABLE orders ADD COLUMN return_count BIGINT NOT NULL DEFAULT 0;

ALTER TABLE order_lines ADD COLUMN returned BIGINT NOT NULL DEFAULT 0;

ALTER TABLE order_lines ADD CHECK (returned >= 0 AND returned <= shipped);

CREATE TABLE returns (
    id             BYTEA NOT NULL PRIMARY KEY,
    order_id       BYTEA NOT NULL REFERENCES orders (id),
    return_no      BIGINT NOT NULL,
    status         TEXT NOT NULL CHECK (status IN ('requested', 'approved', 'rejected', 'received')),
    reason         TEXT NOT NULL,
    restock        BOOLEAN,
    booking        TEXT NOT NULL CHECK (booking IN ('none', 'pending', 'booked', 'refused')),
    refund_id      BYTEA,
    received_under BYTEA,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    UNIQUE (order_id, return_no),
    CHECK ((status = 'received') = (restock IS NOT NULL)),
    CHECK ((status = 'received') = (booking <> 'none'))
);

CREATE TABLE return_lines (
    return_id BYTEA NOT NULL REFERENCES returns (id),
    line_no   BIGINT NOT NULL,
    quantity  BIGINT NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (return_id, line_no)
);
