CREATE TABLE stock (
    id                  BYTEA NOT NULL UNIQUE,
    sku                 TEXT COLLATE "C" NOT NULL,
    location            TEXT NOT NULL,
    on_hand             BIGINT NOT NULL,
    held                BIGINT NOT NULL,
    committed           BIGINT NOT NULL,
    low_stock_threshold BIGINT NOT NULL CHECK (low_stock_threshold >= 0),
    availability        TEXT NOT NULL CHECK (availability IN ('out_of_stock', 'low_stock', 'in_stock')),
    version             BIGINT NOT NULL,
    updated_at          BIGINT NOT NULL,
    PRIMARY KEY (sku, location),
    CHECK (held >= 0 AND committed >= 0 AND held + committed <= on_hand)
);

CREATE TABLE reservations (
    id         BYTEA NOT NULL,
    attempt    BIGINT NOT NULL CHECK (attempt >= 1),
    state      TEXT NOT NULL CHECK (state IN ('held', 'committed', 'released', 'expired')),
    expires_at BIGINT,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (id, attempt),
    CHECK (expires_at IS NULL OR state = 'held')
);

CREATE INDEX reservations_by_expiry ON reservations (expires_at);

CREATE TABLE reservation_lines (
    reservation_id BYTEA NOT NULL,
    attempt        BIGINT NOT NULL,
    sku            TEXT COLLATE "C" NOT NULL,
    location       TEXT NOT NULL,
    quantity       BIGINT NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (reservation_id, attempt, sku, location),
    FOREIGN KEY (reservation_id, attempt) REFERENCES reservations (id, attempt),
    FOREIGN KEY (sku, location) REFERENCES stock (sku, location)
);

CREATE INDEX reservation_lines_by_sku ON reservation_lines (sku, location);

CREATE TABLE movements (
    id            BYTEA NOT NULL,
    sku           TEXT COLLATE "C" NOT NULL,
    location      TEXT NOT NULL,
    kind          TEXT NOT NULL CHECK (kind IN ('receive', 'adjust', 'ship', 'restock', 'write_off')),
    delta         BIGINT NOT NULL CHECK (delta <> 0),
    on_hand_after BIGINT NOT NULL CHECK (on_hand_after >= 0),
    reason        TEXT NOT NULL,
    actor         TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (sku, location, id),
    FOREIGN KEY (sku, location) REFERENCES stock (sku, location)
);
