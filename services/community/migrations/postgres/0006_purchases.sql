-- Who bought what, as orders told; kept whether or not there is a review, for either may come first.
CREATE TABLE purchases (
    user_id    BYTEA NOT NULL,
    product_id BYTEA NOT NULL,
    PRIMARY KEY (user_id, product_id)
);
