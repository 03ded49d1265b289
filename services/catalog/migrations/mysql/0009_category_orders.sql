-- A page of a category is the walk of an index in the order of the page, so that it ends with the page: sorting
-- thousands of keys costs more than an index for each order. A sale touches one of them, as it did before.
-- The foreign key of categories leans on the old index until the new ones are there.
CREATE INDEX products_of_category ON products (category_id, status, id, price_min, availability, rating_average);
CREATE INDEX products_by_category_price ON products (category_id, status, price_min, id, availability, rating_average);
CREATE INDEX products_by_category_rating ON products (category_id, status, rating_average, id, price_min, availability);
CREATE INDEX products_by_category_sold ON products
    (category_id, status, sold, id, price_min, availability, rating_average);

DROP INDEX products_by_category ON products;
