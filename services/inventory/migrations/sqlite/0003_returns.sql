ALTER TABLE reservation_lines ADD COLUMN returned INTEGER NOT NULL DEFAULT 0 CHECK (returned >= 0 AND returned <= shipped);

CREATE TABLE returns (
    id             BLOB NOT NULL PRIMARY KEY,
    reservation_id BLOB NOT NULL,
    attempt        INTEGER NOT NULL,
    restocked      INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    FOREIGN KEY (reservation_id, attempt) REFERENCES reservations (id, attempt)
) WITHOUT ROWID;

CREATE TABLE return_lines (
    return_id BLOB NOT NULL REFERENCES returns (id),
    sku       TEXT NOT NULL,
    location  TEXT NOT NULL,
    quantity  INTEGER NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (return_id, sku, location)
) WITHOUT ROWID;
