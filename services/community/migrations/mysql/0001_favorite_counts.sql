CREATE TABLE favorite_counts (
    user_id   BINARY(16) NOT NULL PRIMARY KEY,
    favorites BIGINT NOT NULL CHECK (favorites BETWEEN 0 AND 1000)
);
