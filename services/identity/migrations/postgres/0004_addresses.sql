CREATE TABLE addresses (
    id         BYTEA NOT NULL PRIMARY KEY,
    user_id    BYTEA NOT NULL REFERENCES users (id),
    address    TEXT NOT NULL,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX addresses_by_user ON addresses (user_id, id);
