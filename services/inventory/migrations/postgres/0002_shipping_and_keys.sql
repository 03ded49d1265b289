-- A SKU is keyed while its pieces are licence keys, and digital when the catalogue says so.
ALTER TABLE stock ADD COLUMN keyed BOOLEAN NOT NULL DEFAULT FALSE;

ALTER TABLE stock ADD COLUMN digital BOOLEAN NOT NULL DEFAULT FALSE;

ALTER TABLE movements ADD COLUMN reservation_id BYTEA;

ALTER TABLE reservations DROP CONSTRAINT reservations_state_check;

ALTER TABLE reservations ADD CONSTRAINT reservations_state_check
    CHECK (state IN ('held', 'committed', 'shipped', 'released', 'expired'));

ALTER TABLE reservation_lines ADD COLUMN shipped BIGINT NOT NULL DEFAULT 0;

ALTER TABLE reservation_lines ADD CHECK (shipped >= 0 AND shipped <= quantity);

CREATE TABLE shipments (
    id             BYTEA NOT NULL PRIMARY KEY,
    reservation_id BYTEA NOT NULL,
    attempt        BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    FOREIGN KEY (reservation_id, attempt) REFERENCES reservations (id, attempt)
);

CREATE TABLE shipment_lines (
    shipment_id BYTEA NOT NULL REFERENCES shipments (id),
    sku         TEXT COLLATE "C" NOT NULL,
    location    TEXT NOT NULL,
    quantity    BIGINT NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (shipment_id, sku, location)
);

CREATE TABLE licence_keys (
    id             BYTEA NOT NULL,
    sku            TEXT COLLATE "C" NOT NULL,
    location       TEXT NOT NULL,
    licence        TEXT COLLATE "C" NOT NULL,
    reservation_id BYTEA,
    attempt        BIGINT,
    revealed_at    BIGINT,
    created_at     BIGINT NOT NULL,
    PRIMARY KEY (sku, location, id),
    UNIQUE (sku, licence),
    FOREIGN KEY (sku, location) REFERENCES stock (sku, location),
    FOREIGN KEY (reservation_id, attempt) REFERENCES reservations (id, attempt),
    CHECK ((reservation_id IS NULL) = (attempt IS NULL)),
    CHECK (revealed_at IS NULL OR reservation_id IS NOT NULL)
);

CREATE INDEX licence_keys_by_reservation ON licence_keys (reservation_id, attempt, sku, location, id);
