CREATE TABLE operations (
    payment_id BLOB NOT NULL REFERENCES payments (id),
    number INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('authorize', 'capture', 'void', 'refund')),
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'refused', 'superseded')),
    open_slot INTEGER CHECK (open_slot = 1),
    amount INTEGER NOT NULL CHECK (amount > 0),
    provider_key TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    closed_at INTEGER,
    PRIMARY KEY (payment_id, number),
    UNIQUE (open_slot, payment_id),
    CHECK ((state = 'open') = (open_slot IS NOT NULL)),
    CHECK ((state = 'open') = (closed_at IS NULL))
) STRICT, WITHOUT ROWID;
