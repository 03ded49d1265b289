CREATE TABLE operations (
    payment_id BYTEA NOT NULL REFERENCES payments (id),
    number BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('authorize', 'capture', 'void', 'refund')),
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'refused', 'superseded')),
    open_slot BIGINT CHECK (open_slot = 1),
    amount BIGINT NOT NULL CHECK (amount > 0),
    provider_key TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT,
    PRIMARY KEY (payment_id, number),
    UNIQUE (open_slot, payment_id),
    CHECK ((state = 'open') = (open_slot IS NOT NULL)),
    CHECK ((state = 'open') = (closed_at IS NULL))
);
