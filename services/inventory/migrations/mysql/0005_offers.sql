-- What each product last said of each of its SKUs; of one that it has no more, that it sells it no longer.
CREATE TABLE offers (
    product_id  BINARY(16) NOT NULL,
    sku         VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    on_sale     BOOLEAN NOT NULL,
    category_id BINARY(16),
    version     BIGINT NOT NULL,
    PRIMARY KEY (product_id, sku),
    INDEX offers_by_sku (sku)
);
