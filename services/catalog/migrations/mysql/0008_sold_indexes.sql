-- The bestsellers of a category or brand are sorted out of its index too: thousands of rows to be read cost
-- more than the indexes that a sale touches.
-- The foreign key of categories leans on the old index until the new one is there.
CREATE INDEX products_by_category ON products (category_id, status, id, price_min, availability, rating_average, sold);
CREATE INDEX products_by_brand ON products (brand_folded, status, id, price_min, availability, rating_average, sold);

DROP INDEX products_of_category ON products;
DROP INDEX products_of_brand ON products;
