CREATE TABLE favorites (
    user_id    BYTEA NOT NULL,
    product_id BYTEA NOT NULL,
    id         BYTEA NOT NULL,
    added_at   BIGINT NOT NULL,
    PRIMARY KEY (user_id, product_id),
    UNIQUE (user_id, id),
    FOREIGN KEY (user_id) REFERENCES favorite_counts (user_id)
);
