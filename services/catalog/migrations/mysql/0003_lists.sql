-- What lists are filtered and sorted by. A product without a price has the highest there is, so that it
-- stands last and a bound on prices leaves it out. The average rating is in hundredths, as it is shown.
ALTER TABLE products
    ADD COLUMN rating_sum BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN rating_count BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN rating_revision BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN rating_average BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN search_text VARCHAR(1000) COLLATE utf8mb4_bin NOT NULL DEFAULT '';

UPDATE products SET price_min = 9223372036854775807 WHERE price_min IS NULL;
UPDATE products SET search_text =
    CONCAT(LOWER(JSON_UNQUOTE(JSON_EXTRACT(document, '$.name'))), CHAR(10), brand_folded);

-- Each holds all that a list looks at but texts, so that rows are read only for the page that is shown.
-- The foreign key of categories leans on the old index until the new one is there.
CREATE INDEX products_of_category
    ON products (category_id, status, id, price_min, availability, rating_average);
CREATE INDEX products_of_brand ON products (brand_folded, status, id, price_min, availability, rating_average);
CREATE INDEX products_of_status ON products (status, id, price_min, availability, rating_average);
CREATE INDEX products_by_price ON products (status, price_min, id, availability, rating_average);
CREATE INDEX products_by_rating ON products (status, rating_average, id, price_min, availability);

DROP INDEX products_by_category ON products;
DROP INDEX products_by_brand ON products;
DROP INDEX products_by_status ON products;
