ALTER TABLE reservation_lines
    ADD COLUMN returned BIGINT NOT NULL DEFAULT 0,
    ADD CHECK (returned >= 0 AND returned <= shipped);

CREATE TABLE returns (
    id             BINARY(16) NOT NULL PRIMARY KEY,
    reservation_id BINARY(16) NOT NULL,
    attempt        BIGINT NOT NULL,
    restocked      BOOLEAN NOT NULL,
    created_at     BIGINT NOT NULL,
    FOREIGN KEY (reservation_id, attempt) REFERENCES reservations (id, attempt)
);

CREATE TABLE return_lines (
    return_id BINARY(16) NOT NULL,
    sku       VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    location  VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    quantity  BIGINT NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (return_id, sku, location),
    FOREIGN KEY (return_id) REFERENCES returns (id)
);
