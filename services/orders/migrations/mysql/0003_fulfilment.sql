ALTER TABLE orders
    ADD COLUMN refunded BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN note TEXT COLLATE utf8mb4_bin,
    ADD COLUMN email_folded VARCHAR(512) COLLATE utf8mb4_bin,
    ADD COLUMN next_action TEXT COLLATE utf8mb4_bin,
    ADD COLUMN cancel_asked VARCHAR(255) COLLATE utf8mb4_bin,
    ADD COLUMN attempt BIGINT NOT NULL DEFAULT 1,
    ADD COLUMN shipment_count BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN refund_count BIGINT NOT NULL DEFAULT 0,
    ADD CHECK (refunded >= 0 AND refunded <= captured),
    ADD INDEX orders_by_user (user_id, created_at, id),
    ADD INDEX orders_by_time (created_at, id),
    ADD INDEX orders_by_status (status, created_at, id),
    ADD INDEX orders_by_email (email_folded, created_at, id);

UPDATE orders SET email_folded = LOWER(email);

ALTER TABLE order_lines
    ADD COLUMN shipped BIGINT NOT NULL DEFAULT 0,
    ADD CHECK (shipped >= 0 AND shipped <= quantity);

ALTER TABLE sagas
    ADD COLUMN deadline BIGINT,
    ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;

CREATE TABLE shipments (
    id              BINARY(16) NOT NULL PRIMARY KEY,
    order_id        BINARY(16) NOT NULL,
    shipment_no     BIGINT NOT NULL,
    status          VARCHAR(16) COLLATE utf8mb4_bin NOT NULL CHECK (status IN ('preparing', 'shipped', 'withdrawn')),
    carrier         VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    tracking_number VARCHAR(128) COLLATE utf8mb4_bin,
    withdrawn_for   VARCHAR(16) COLLATE utf8mb4_bin,
    claim           BINARY(32),
    created_at      BIGINT NOT NULL,
    shipped_at      BIGINT,
    UNIQUE (order_id, shipment_no),
    CHECK ((status = 'shipped') = (shipped_at IS NOT NULL)),
    CHECK ((status = 'withdrawn') = (withdrawn_for IS NOT NULL)),
    FOREIGN KEY (order_id) REFERENCES orders (id)
);

CREATE TABLE shipment_lines (
    shipment_id BINARY(16) NOT NULL,
    line_no     BIGINT NOT NULL,
    quantity    BIGINT NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (shipment_id, line_no),
    FOREIGN KEY (shipment_id) REFERENCES shipments (id)
);

CREATE TABLE refunds (
    id         BINARY(16) NOT NULL PRIMARY KEY,
    order_id   BINARY(16) NOT NULL,
    refund_no  BIGINT NOT NULL,
    status     VARCHAR(16) COLLATE utf8mb4_bin NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
    amount     BIGINT NOT NULL CHECK (amount > 0),
    reason     TEXT COLLATE utf8mb4_bin NOT NULL,
    claim      BINARY(32),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (order_id, refund_no),
    FOREIGN KEY (order_id) REFERENCES orders (id)
);
