-- What was there before events told where it stands and whether it is on sale; it is told once more.
CREATE TABLE untold (
    kind TEXT NOT NULL CHECK (kind IN ('category', 'product')),
    id   BLOB NOT NULL,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;

INSERT INTO untold (kind, id) SELECT 'category', id FROM categories;

INSERT INTO untold (kind, id) SELECT 'product', id FROM products;
