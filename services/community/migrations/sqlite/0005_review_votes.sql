CREATE TABLE review_votes (
    review_id BLOB NOT NULL,
    user_id   BLOB NOT NULL,
    helpful   INTEGER NOT NULL CHECK (helpful IN (0, 1)),
    PRIMARY KEY (review_id, user_id),
    FOREIGN KEY (review_id) REFERENCES reviews (id)
) WITHOUT ROWID;
