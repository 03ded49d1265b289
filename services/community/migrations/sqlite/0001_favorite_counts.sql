CREATE TABLE favorite_counts (
    user_id   BLOB NOT NULL PRIMARY KEY,
    favorites INTEGER NOT NULL CHECK (favorites BETWEEN 0 AND 1000)
) WITHOUT ROWID;
