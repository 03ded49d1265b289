-- Helpfulness is what the order of the helpful ones goes by, kept beside what it is made of for its index.
CREATE TABLE reviews (
    id          BLOB NOT NULL PRIMARY KEY,
    product_id  BLOB NOT NULL,
    user_id     BLOB NOT NULL,
    rating      INTEGER NOT NULL CHECK (rating BETWEEN 1 AND 5),
    title       TEXT NOT NULL,
    body        TEXT NOT NULL,
    helpful     INTEGER NOT NULL CHECK (helpful >= 0),
    not_helpful INTEGER NOT NULL CHECK (not_helpful >= 0),
    helpfulness INTEGER NOT NULL,
    version     INTEGER NOT NULL CHECK (version >= 1),
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    UNIQUE (product_id, user_id),
    FOREIGN KEY (product_id) REFERENCES ratings (product_id),
    CHECK (helpfulness = helpful - not_helpful)
);

CREATE INDEX reviews_newest ON reviews (product_id, id);
CREATE INDEX reviews_helpful ON reviews (product_id, helpfulness, id);
CREATE INDEX reviews_rating ON reviews (product_id, rating, id);
