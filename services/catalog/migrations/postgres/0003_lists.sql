-- What lists are filtered and sorted by. A product without a price has the highest there is, so that it
-- stands last and a bound on prices leaves it out. The average rating is in hundredths, as it is shown.
ALTER TABLE products ADD COLUMN rating_sum BIGINT NOT NULL DEFAULT 0;
ALTER TABLE products ADD COLUMN rating_count BIGINT NOT NULL DEFAULT 0;
ALTER TABLE products ADD COLUMN rating_revision BIGINT NOT NULL DEFAULT 0;
ALTER TABLE products ADD COLUMN rating_average BIGINT NOT NULL DEFAULT 0;
ALTER TABLE products ADD COLUMN search_text TEXT NOT NULL DEFAULT '';

UPDATE products SET price_min = 9223372036854775807 WHERE price_min IS NULL;
UPDATE products SET search_text = lower(document::json ->> 'name') || chr(10) || brand_folded;

DROP INDEX products_by_status;
DROP INDEX products_by_category;
DROP INDEX products_by_brand;

-- Each holds all that a list looks at but texts, so that rows are read only for the page that is shown.
CREATE INDEX products_by_status ON products (status, id, price_min, availability, rating_average);
CREATE INDEX products_by_price ON products (status, price_min, id, availability, rating_average);
CREATE INDEX products_by_rating ON products (status, rating_average, id, price_min, availability);
CREATE INDEX products_by_category
    ON products (category_id, status, id, price_min, availability, rating_average);
CREATE INDEX products_by_brand ON products (brand_folded, status, id, price_min, availability, rating_average);
