CREATE TABLE categories (
    id         BLOB NOT NULL PRIMARY KEY,
    slug       TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    parent_id  BLOB REFERENCES categories (id),
    position   INTEGER NOT NULL CHECK (position >= 0),
    version    INTEGER NOT NULL CHECK (version >= 1),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK (parent_id IS NULL OR parent_id <> id)
) WITHOUT ROWID;

CREATE INDEX categories_by_parent ON categories (parent_id);

-- The document is the product as it is shown; the other columns repeat what is searched by or summed.
-- Availability counts 0 out of stock, 1 low stock, 2 in stock, so that the best of many is the highest.
CREATE TABLE products (
    id            BLOB NOT NULL PRIMARY KEY,
    slug          TEXT NOT NULL UNIQUE,
    status        TEXT NOT NULL CHECK (status IN ('draft', 'active', 'archived')),
    fulfilment    TEXT NOT NULL CHECK (fulfilment IN ('physical', 'digital')),
    category_id   BLOB REFERENCES categories (id),
    brand_folded  TEXT NOT NULL,
    currency      TEXT NOT NULL,
    default_price INTEGER CHECK (default_price >= 0),
    price_min     INTEGER CHECK (price_min >= 0),
    availability  INTEGER NOT NULL CHECK (availability BETWEEN 0 AND 2),
    document      TEXT NOT NULL,
    version       INTEGER NOT NULL CHECK (version >= 1),
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL
);

CREATE INDEX products_by_status ON products (status, id);
CREATE INDEX products_by_category ON products (category_id, status, id);
CREATE INDEX products_by_brand ON products (brand_folded, status, id);

CREATE TABLE variants (
    id             BLOB NOT NULL UNIQUE,
    sku            TEXT NOT NULL PRIMARY KEY,
    product_id     BLOB NOT NULL REFERENCES products (id),
    sale_name      TEXT NOT NULL,
    price          INTEGER CHECK (price >= 0),
    inherits_price INTEGER NOT NULL CHECK (inherits_price IN (0, 1))
) WITHOUT ROWID;

CREATE INDEX variants_by_product ON variants (product_id);

-- What inventory last said of a SKU, kept by SKU because it may say so before the variant is there.
CREATE TABLE availability (
    sku          TEXT NOT NULL PRIMARY KEY,
    availability INTEGER NOT NULL CHECK (availability BETWEEN 0 AND 2)
) WITHOUT ROWID;
