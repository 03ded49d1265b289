ALTER TABLE orders ADD COLUMN return_count INTEGER NOT NULL DEFAULT 0;

ALTER TABLE order_lines ADD COLUMN returned INTEGER NOT NULL DEFAULT 0 CHECK (returned >= 0 AND returned <= shipped);

CREATE TABLE returns (
    id             BLOB NOT NULL PRIMARY KEY,
    order_id       BLOB NOT NULL REFERENCES orders (id),
    return_no      INTEGER NOT NULL,
    status         TEXT NOT NULL CHECK (status IN ('requested', 'approved', 'rejected', 'received')),
    reason         TEXT NOT NULL,
    restock        INTEGER,
    booking        TEXT NOT NULL CHECK (booking IN ('none', 'pending', 'booked', 'refused')),
    refund_id      BLOB,
    received_under BLOB,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    UNIQUE (order_id, return_no),
    CHECK ((status = 'received') = (restock IS NOT NULL)),
    CHECK ((status = 'received') = (booking <> 'none'))
) WITHOUT ROWID;

CREATE TABLE return_lines (
    return_id BLOB NOT NULL REFERENCES returns (id),
    line_no   INTEGER NOT NULL,
    quantity  INTEGER NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (return_id, line_no)
) WITHOUT ROWID;
