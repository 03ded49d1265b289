ALTER TABLE reservation_lines ADD COLUMN returned BIGINT NOT NULL DEFAULT 0;

ALTER TABLE reservation_lines ADD CHECK (returned >= 0 AND returned <= shipped);

CREATE TABLE returns (
    id             BYTEA NOT NULL PRIMARY KEY,
    reservation_id BYTEA NOT NULL,
    attempt        BIGINT NOT NULL,
    restocked      BOOLEAN NOT NULL,
    created_at     BIGINT NOT NULL,
    FOREIGN KEY (reservation_id, attempt) REFERENCES reservations (id, attempt)
);

CREATE TABLE return_lines (
    return_id BYTEA NOT NULL REFERENCES returns (id),
    sku       TEXT COLLATE "C" NOT NULL,
    location  TEXT NOT NULL,
    quantity  BIGINT NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (return_id, sku, location)
);
