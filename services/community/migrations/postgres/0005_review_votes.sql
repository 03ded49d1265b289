CREATE TABLE review_votes (
    review_id BYTEA NOT NULL,
    user_id   BYTEA NOT NULL,
    helpful   BOOLEAN NOT NULL,
    PRIMARY KEY (review_id, user_id),
    FOREIGN KEY (review_id) REFERENCES reviews (id)
);
