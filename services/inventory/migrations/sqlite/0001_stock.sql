CREATE TABLE stock (
    id                  BLOB NOT NULL UNIQUE,
    sku                 TEXT NOT NULL,
    location            TEXT NOT NULL,
    on_hand             INTEGER NOT NULL,
    held                INTEGER NOT NULL,
    committed           INTEGER NOT NULL,
    low_stock_threshold INTEGER NOT NULL CHECK (low_stock_threshold >= 0),
    availability        TEXT NOT NULL CHECK (availability IN ('out_of_stock', 'low_stock', 'in_stock')),
    version             INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL,
    PRIMARY KEY (sku, location),
    CHECK (held >= 0 AND committed >= 0 AND held + committed <= on_hand)
) WITHOUT ROWID;

CREATE TABLE reservations (
    id         BLOB NOT NULL,
    attempt    INTEGER NOT NULL CHECK (attempt >= 1),
    state      TEXT NOT NULL CHECK (state IN ('held', 'committed', 'released', 'expired')),
    expires_at INTEGER,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (id, attempt),
    CHECK (expires_at IS NULL OR state = 'held')
) WITHOUT ROWID;

CREATE INDEX reservations_by_expiry ON reservations (expires_at);

CREATE TABLE reservation_lines (
    reservation_id BLOB NOT NULL,
    attempt        INTEGER NOT NULL,
    sku            TEXT NOT NULL,
    location       TEXT NOT NULL,
    quantity       INTEGER NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (reservation_id, attempt, sku, location),
    FOREIGN KEY (reservation_id, attempt) REFERENCES reservations (id, attempt),
    FOREIGN KEY (sku, location) REFERENCES stock (sku, location)
) WITHOUT ROWID;

CREATE INDEX reservation_lines_by_sku ON reservation_lines (sku, location);

CREATE TABLE movements (
    id            BLOB NOT NULL,
    sku           TEXT NOT NULL,
    location      TEXT NOT NULL,
    kind          TEXT NOT NULL CHECK (kind IN ('receive', 'adjust', 'ship', 'restock', 'write_off')),
    delta         INTEGER NOT NULL CHECK (delta <> 0),
    on_hand_after INTEGER NOT NULL CHECK (on_hand_after >= 0),
    reason        TEXT NOT NULL,
    actor         TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (sku, location, id),
    FOREIGN KEY (sku, location) REFERENCES stock (sku, location)
) WITHOUT ROWID;
