-- What each product last said of each of its SKUs; of one that it has no more, that it sells it no longer.
CREATE TABLE offers (
    product_id  BLOB NOT NULL,
    sku         TEXT NOT NULL,
    on_sale     INTEGER NOT NULL,
    category_id BLOB,
    version     INTEGER NOT NULL,
    PRIMARY KEY (product_id, sku)
) WITHOUT ROWID;

CREATE INDEX offers_by_sku ON offers (sku);
