CREATE TABLE favorites (
    user_id    BLOB NOT NULL,
    product_id BLOB NOT NULL,
    id         BLOB NOT NULL,
    added_at   INTEGER NOT NULL,
    PRIMARY KEY (user_id, product_id),
    UNIQUE (user_id, id),
    FOREIGN KEY (user_id) REFERENCES favorite_counts (user_id)
) WITHOUT ROWID;
