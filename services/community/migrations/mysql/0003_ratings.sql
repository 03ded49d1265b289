CREATE TABLE ratings (
    product_id BINARY(16) NOT NULL PRIMARY KEY,
    stars_1    BIGINT NOT NULL CHECK (stars_1 >= 0),
    stars_2    BIGINT NOT NULL CHECK (stars_2 >= 0),
    stars_3    BIGINT NOT NULL CHECK (stars_3 >= 0),
    stars_4    BIGINT NOT NULL CHECK (stars_4 >= 0),
    stars_5    BIGINT NOT NULL CHECK (stars_5 >= 0),
    revision   BIGINT NOT NULL CHECK (revision > 0)
);
