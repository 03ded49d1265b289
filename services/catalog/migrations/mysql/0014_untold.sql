-- What was there before events told where it stands and whether it is on sale; it is told once more.
CREATE TABLE untold (
    kind VARCHAR(16) COLLATE utf8mb4_bin NOT NULL CHECK (kind IN ('category', 'product')),
    id   BINARY(16) NOT NULL,
    PRIMARY KEY (kind, id)
);

INSERT INTO untold (kind, id) SELECT 'category', id FROM categories;

INSERT INTO untold (kind, id) SELECT 'product', id FROM products;
