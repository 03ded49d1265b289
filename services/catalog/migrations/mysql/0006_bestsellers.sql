-- How many pieces were sold, for the order of bestsellers. Those of a category or brand are sorted out of
-- their rows, so that a sale touches one index and not three.
ALTER TABLE products ADD COLUMN sold BIGINT NOT NULL DEFAULT 0;

CREATE INDEX products_by_sold ON products (status, sold, id, price_min, availability, rating_average);
