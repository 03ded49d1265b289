-- What each product last said of each of its SKUs; of one that it has no more, that it sells it no longer.
CREATE TABLE offers (
    product_id  BYTEA NOT NULL,
    sku         TEXT COLLATE "C" NOT NULL,
    on_sale     BOOLEAN NOT NULL,
    category_id BYTEA,
    version     BIGINT NOT NULL,
    PRIMARY KEY (product_id, sku)
);

CREATE INDEX offers_by_sku ON offers (sku);
