-- A SKU is keyed while its pieces are licence keys, and digital when the catalogue says so.
ALTER TABLE stock ADD COLUMN keyed INTEGER NOT NULL DEFAULT 0;

ALTER TABLE stock ADD COLUMN digital INTEGER NOT NULL DEFAULT 0;

ALTER TABLE movements ADD COLUMN reservation_id BLOB;

-- Made anew, since a CHECK cannot be changed.
CREATE TABLE reservations_2 (
    id         BLOB NOT NULL,
    attempt    INTEGER NOT NULL CHECK (attempt >= 1),
    state      TEXT NOT NULL CHECK (state IN ('held', 'committed', 'shipped', 'released', 'expired')),
    expires_at INTEGER,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (id, attempt),
    CHECK (expires_at IS NULL OR state = 'held')
) WITHOUT ROWID;

CREATE TABLE reservation_lines_2 (
    reservation_id BLOB NOT NULL,
    attempt        INTEGER NOT NULL,
    sku            TEXT NOT NULL,
    location       TEXT NOT NULL,
    quantity       INTEGER NOT NULL CHECK (quantity > 0),
    shipped        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (reservation_id, attempt, sku, location),
    FOREIGN KEY (reservation_id, attempt) REFERENCES reservations_2 (id, attempt),
    FOREIGN KEY (sku, location) REFERENCES stock (sku, location),
    CHECK (shipped >= 0 AND shipped <= quantity)
) WITHOUT ROWID;

INSERT INTO reservations_2 (id, attempt, state, expires_at, updated_at)
    SELECT id, attempt, state, expires_at, updated_at FROM reservations;

INSERT INTO reservation_lines_2 (reservation_id, attempt, sku, location, quantity)
    SELECT reservation_id, attempt, sku, location, quantity FROM reservation_lines;

DROP TABLE reservation_lines;

DROP TABLE reservations;

ALTER TABLE reservations_2 RENAME TO reservations;

ALTER TABLE reservation_lines_2 RENAME TO reservation_lines;

CREATE INDEX reservations_by_expiry ON reservations (expires_at);

CREATE INDEX reservation_lines_by_sku ON reservation_lines (sku, location);

CREATE TABLE shipments (
    id             BLOB NOT NULL PRIMARY KEY,
    reservation_id BLOB NOT NULL,
    attempt        INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    FOREIGN KEY (reservation_id, attempt) REFERENCES reservations (id, attempt)
) WITHOUT ROWID;

CREATE TABLE shipment_lines (
    shipment_id BLOB NOT NULL REFERENCES shipments (id),
    sku         TEXT NOT NULL,
    location    TEXT NOT NULL,
    quantity    INTEGER NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (shipment_id, sku, location)
) WITHOUT ROWID;

CREATE TABLE licence_keys (
    id             BLOB NOT NULL,
    sku            TEXT NOT NULL,
    location       TEXT NOT NULL,
    licence        TEXT NOT NULL,
    reservation_id BLOB,
    attempt        INTEGER,
    revealed_at    INTEGER,
    created_at     INTEGER NOT NULL,
    PRIMARY KEY (sku, location, id),
    UNIQUE (sku, licence),
    FOREIGN KEY (sku, location) REFERENCES stock (sku, location),
    FOREIGN KEY (reservation_id, attempt) REFERENCES reservations (id, attempt),
    CHECK ((reservation_id IS NULL) = (attempt IS NULL)),
    CHECK (revealed_at IS NULL OR reservation_id IS NOT NULL)
) WITHOUT ROWID;

CREATE INDEX licence_keys_by_reservation ON licence_keys (reservation_id, attempt, sku, location, id);
