ALTER TABLE orders ADD COLUMN return_count BIGINT NOT NULL DEFAULT 0;

ALTER TABLE order_lines
    ADD COLUMN returned BIGINT NOT NULL DEFAULT 0,
    ADD CHECK (returned >= 0 AND returned <= shipped);

CREATE TABLE returns (
    id             BINARY(16) NOT NULL PRIMARY KEY,
    order_id       BINARY(16) NOT NULL,
    return_no      BIGINT NOT NULL,
    status         VARCHAR(16) COLLATE utf8mb4_bin NOT NULL CHECK (status IN ('requested', 'approved', 'rejected', 'received')),
    reason         TEXT COLLATE utf8mb4_bin NOT NULL,
    restock        BOOLEAN,
    booking        VARCHAR(16) COLLATE utf8mb4_bin NOT NULL CHECK (booking IN ('none', 'pending', 'booked', 'refused')),
    refund_id      BINARY(16),
    received_under BINARY(32),
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    UNIQUE (order_id, return_no),
    CHECK ((status = 'received') = (restock IS NOT NULL)),
    CHECK ((status = 'received') = (booking <> 'none')),
    FOREIGN KEY (order_id) REFERENCES orders (id)
);

CREATE TABLE return_lines (
    return_id BINARY(16) NOT NULL,
    line_no   BIGINT NOT NULL,
    quantity  BIGINT NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (return_id, line_no),
    FOREIGN KEY (return_id) REFERENCES returns (id)
);
