CREATE TABLE categories (
    id         BYTEA NOT NULL PRIMARY KEY,
    slug       TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    parent_id  BYTEA REFERENCES categories (id),
    position   BIGINT NOT NULL CHECK (position >= 0),
    version    BIGINT NOT NULL CHECK (version >= 1),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK (parent_id IS NULL OR parent_id <> id)
);

CREATE INDEX categories_by_parent ON categories (parent_id);

-- The document is the product as it is shown; the other columns repeat what is searched by or summed.
-- Availability counts 0 out of stock, 1 low stock, 2 in stock, so that the best of many is the highest.
CREATE TABLE products (
    id            BYTEA NOT NULL PRIMARY KEY,
    slug          TEXT NOT NULL UNIQUE,
    status        TEXT NOT NULL CHECK (status IN ('draft', 'active', 'archived')),
    fulfilment    TEXT NOT NULL CHECK (fulfilment IN ('physical', 'digital')),
    category_id   BYTEA REFERENCES categories (id),
    brand_folded  TEXT NOT NULL,
    currency      TEXT NOT NULL,
    default_price BIGINT CHECK (default_price >= 0),
    price_min     BIGINT CHECK (price_min >= 0),
    availability  BIGINT NOT NULL CHECK (availability BETWEEN 0 AND 2),
    document      TEXT NOT NULL,
    version       BIGINT NOT NULL CHECK (version >= 1),
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);

CREATE INDEX products_by_status ON products (status, id);
CREATE INDEX products_by_category ON products (category_id, status, id);
CREATE INDEX products_by_brand ON products (brand_folded, status, id);

CREATE TABLE variants (
    id             BYTEA NOT NULL UNIQUE,
    sku            TEXT NOT NULL PRIMARY KEY,
    product_id     BYTEA NOT NULL REFERENCES products (id),
    sale_name      TEXT NOT NULL,
    price          BIGINT CHECK (price >= 0),
    inherits_price BOOLEAN NOT NULL
);

CREATE INDEX variants_by_product ON variants (product_id);

-- What inventory last said of a SKU, kept by SKU because it may say so before the variant is there.
CREATE TABLE availability (
    sku          TEXT NOT NULL PRIMARY KEY,
    availability BIGINT NOT NULL CHECK (availability BETWEEN 0 AND 2)
);
