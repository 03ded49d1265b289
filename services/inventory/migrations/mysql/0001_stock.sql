CREATE TABLE stock (
    id                  BINARY(16) NOT NULL UNIQUE,
    sku                 VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    location            VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    on_hand             BIGINT NOT NULL,
    held                BIGINT NOT NULL,
    committed           BIGINT NOT NULL,
    low_stock_threshold BIGINT NOT NULL CHECK (low_stock_threshold >= 0),
    availability        VARCHAR(16) COLLATE utf8mb4_bin NOT NULL
                        CHECK (availability IN ('out_of_stock', 'low_stock', 'in_stock')),
    version             BIGINT NOT NULL,
    updated_at          BIGINT NOT NULL,
    PRIMARY KEY (sku, location),
    CHECK (held >= 0 AND committed >= 0 AND held + committed <= on_hand)
);

CREATE TABLE reservations (
    id         BINARY(16) NOT NULL,
    attempt    BIGINT NOT NULL CHECK (attempt >= 1),
    state      VARCHAR(16) COLLATE utf8mb4_bin NOT NULL
               CHECK (state IN ('held', 'committed', 'released', 'expired')),
    expires_at BIGINT,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (id, attempt),
    INDEX reservations_by_expiry (expires_at),
    CHECK (expires_at IS NULL OR state = 'held')
);

CREATE TABLE reservation_lines (
    reservation_id BINARY(16) NOT NULL,
    attempt        BIGINT NOT NULL,
    sku            VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    location       VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    quantity       BIGINT NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (reservation_id, attempt, sku, location),
    INDEX reservation_lines_by_sku (sku, location),
    FOREIGN KEY (reservation_id, attempt) REFERENCES reservations (id, attempt),
    FOREIGN KEY (sku, location) REFERENCES stock (sku, location)
);

CREATE TABLE movements (
    id            BINARY(16) NOT NULL,
    sku           VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    location      VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    kind          VARCHAR(16) COLLATE utf8mb4_bin NOT NULL
                  CHECK (kind IN ('receive', 'adjust', 'ship', 'restock', 'write_off')),
    delta         BIGINT NOT NULL CHECK (delta <> 0),
    on_hand_after BIGINT NOT NULL CHECK (on_hand_after >= 0),
    reason        VARCHAR(500) COLLATE utf8mb4_bin NOT NULL,
    actor         VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (sku, location, id),
    FOREIGN KEY (sku, location) REFERENCES stock (sku, location)
);
