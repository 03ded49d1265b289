-- Helpfulness is what the order of the helpful ones goes by, kept beside what it is made of for its index.
CREATE TABLE reviews (
    id          BINARY(16) NOT NULL PRIMARY KEY,
    product_id  BINARY(16) NOT NULL,
    user_id     BINARY(16) NOT NULL,
    rating      BIGINT NOT NULL CHECK (rating BETWEEN 1 AND 5),
    title       VARCHAR(120) COLLATE utf8mb4_bin NOT NULL,
    body        TEXT COLLATE utf8mb4_bin NOT NULL,
    helpful     BIGINT NOT NULL CHECK (helpful >= 0),
    not_helpful BIGINT NOT NULL CHECK (not_helpful >= 0),
    helpfulness BIGINT NOT NULL,
    version     BIGINT NOT NULL CHECK (version >= 1),
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    UNIQUE (product_id, user_id),
    INDEX reviews_newest (product_id, id),
    INDEX reviews_helpful (product_id, helpfulness, id),
    INDEX reviews_rating (product_id, rating, id),
    FOREIGN KEY (product_id) REFERENCES ratings (product_id),
    CHECK (helpfulness = helpful - not_helpful)
);
