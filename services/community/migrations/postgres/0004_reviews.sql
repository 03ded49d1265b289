-- Helpfulness is what the order of the helpful ones goes by, kept beside what it is made of for its index.
CREATE TABLE reviews (
    id          BYTEA NOT NULL PRIMARY KEY,
    product_id  BYTEA NOT NULL,
    user_id     BYTEA NOT NULL,
    rating      BIGINT NOT NULL CHECK (rating BETWEEN 1 AND 5),
    title       TEXT NOT NULL,
    body        TEXT NOT NULL,
    helpful     BIGINT NOT NULL CHECK (helpful >= 0),
    not_helpful BIGINT NOT NULL CHECK (not_helpful >= 0),
    helpfulness BIGINT NOT NULL,
    version     BIGINT NOT NULL CHECK (version >= 1),
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    UNIQUE (product_id, user_id),
    FOREIGN KEY (product_id) REFERENCES ratings (product_id),
    CHECK (helpfulness = helpful - not_helpful)
);

CREATE INDEX reviews_newest ON reviews (product_id, id);
CREATE INDEX reviews_helpful ON reviews (product_id, helpfulness, id);
CREATE INDEX reviews_rating ON reviews (product_id, rating, id);
