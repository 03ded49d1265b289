CREATE TABLE payments (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    reference BLOB CHECK (length(reference) = 16),
    provider TEXT,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN
        ('unknown', 'authorized', 'captured', 'failed', 'voided', 'partially_refunded', 'refunded')),
    captured INTEGER NOT NULL,
    refunded INTEGER NOT NULL,
    decline_code TEXT,
    open_operation INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK (captured >= 0 AND captured <= amount),
    CHECK (refunded >= 0 AND refunded <= captured),
    CHECK (open_operation IS NULL OR open_operation = version)
) STRICT, WITHOUT ROWID;
