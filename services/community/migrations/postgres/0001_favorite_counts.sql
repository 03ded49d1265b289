CREATE TABLE favorite_counts (
    user_id   BYTEA NOT NULL PRIMARY KEY,
    favorites BIGINT NOT NULL CHECK (favorites BETWEEN 0 AND 1000)
);
