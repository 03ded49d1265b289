-- What lists are filtered and sorted by. A product without a price has the highest there is, so that it
-- stands last and a bound on prices leaves it out. The average rating is in hundredths, as it is shown.
ALTER TABLE products ADD COLUMN rating_sum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE products ADD COLUMN rating_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE products ADD COLUMN rating_revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE products ADD COLUMN rating_average INTEGER NOT NULL DEFAULT 0;
ALTER TABLE products ADD COLUMN search_text TEXT NOT NULL DEFAULT '';

UPDATE products SET price_min = 9223372036854775807 WHERE price_min IS NULL;
UPDATE products SET search_text = lower(json_extract(document, '$.name')) || char(10) || brand_folded;

DROP INDEX products_by_status;
DROP INDEX products_by_category;
DROP INDEX products_by_brand;

-- Each holds all that a list looks at, so that rows are read only for the page that is shown.
CREATE INDEX products_by_status ON products (status, id, price_min, availability, rating_average, search_text);
CREATE INDEX products_by_price ON products (status, price_min, id, availability, rating_average, search_text);
CREATE INDEX products_by_rating ON products (status, rating_average, id, price_min, availability, search_text);
CREATE INDEX products_by_category
    ON products (category_id, status, id, price_min, availability, rating_average, brand_folded, search_text);
CREATE INDEX products_by_brand
    ON products (brand_folded, status, id, price_min, availability, rating_average, search_text);
