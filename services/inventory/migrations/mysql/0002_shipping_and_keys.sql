-- A SKU is keyed while its pieces are licence keys, and digital when the catalogue says so.
ALTER TABLE stock
    ADD COLUMN keyed BOOLEAN NOT NULL DEFAULT FALSE,
    ADD COLUMN digital BOOLEAN NOT NULL DEFAULT FALSE;

ALTER TABLE movements ADD COLUMN reservation_id BINARY(16);

-- Made anew, since MySQL and MariaDB change a CHECK in different words.
CREATE TABLE reservations_2 (
    id         BINARY(16) NOT NULL,
    attempt    BIGINT NOT NULL CHECK (attempt >= 1),
    state      VARCHAR(16) COLLATE utf8mb4_bin NOT NULL
               CHECK (state IN ('held', 'committed', 'shipped', 'released', 'expired')),
    expires_at BIGINT,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (id, attempt),
    INDEX reservations_by_expiry (expires_at),
    CHECK (expires_at IS NULL OR state = 'held')
);

CREATE TABLE reservation_lines_2 (
    reservation_id BINARY(16) NOT NULL,
    attempt        BIGINT NOT NULL,
    sku            VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    location       VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    quantity       BIGINT NOT NULL CHECK (quantity > 0),
    shipped        BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (reservation_id, attempt, sku, location),
    INDEX reservation_lines_by_sku (sku, location),
    FOREIGN KEY (reservation_id, attempt) REFERENCES reservations_2 (id, attempt),
    FOREIGN KEY (sku, location) REFERENCES stock (sku, location),
    CHECK (shipped >= 0 AND shipped <= quantity)
);

INSERT INTO reservations_2 (id, attempt, state, expires_at, updated_at)
    SELECT id, attempt, state, expires_at, updated_at FROM reservations;

INSERT INTO reservation_lines_2 (reservation_id, attempt, sku, location, quantity)
    SELECT reservation_id, attempt, sku, location, quantity FROM reservation_lines;

DROP TABLE reservation_lines;

DROP TABLE reservations;

ALTER TABLE reservations_2 RENAME TO reservations;

ALTER TABLE reservation_lines_2 RENAME TO reservation_lines;

CREATE TABLE shipments (
    id             BINARY(16) NOT NULL PRIMARY KEY,
    reservation_id BINARY(16) NOT NULL,
    attempt        BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    FOREIGN KEY (reservation_id, attempt) REFERENCES reservations (id, attempt)
);

CREATE TABLE shipment_lines (
    shipment_id BINARY(16) NOT NULL,
    sku         VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    location    VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    quantity    BIGINT NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (shipment_id, sku, location),
    FOREIGN KEY (shipment_id) REFERENCES shipments (id)
);

CREATE TABLE licence_keys (
    id             BINARY(16) NOT NULL,
    sku            VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    location       VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    licence        VARCHAR(255) COLLATE utf8mb4_bin NOT NULL,
    reservation_id BINARY(16),
    attempt        BIGINT,
    revealed_at    BIGINT,
    created_at     BIGINT NOT NULL,
    PRIMARY KEY (sku, location, id),
    UNIQUE (sku, licence),
    INDEX licence_keys_by_reservation (reservation_id, attempt, sku, location, id),
    FOREIGN KEY (sku, location) REFERENCES stock (sku, location),
    FOREIGN KEY (reservation_id, attempt) REFERENCES reservations (id, attempt),
    CHECK ((reservation_id IS NULL) = (attempt IS NULL)),
    CHECK (revealed_at IS NULL OR reservation_id IS NOT NULL)
);
