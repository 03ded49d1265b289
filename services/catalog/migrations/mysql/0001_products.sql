CREATE TABLE categories (
    id         BINARY(16) NOT NULL PRIMARY KEY,
    slug       VARCHAR(100) COLLATE utf8mb4_bin NOT NULL UNIQUE,
    name       VARCHAR(100) COLLATE utf8mb4_bin NOT NULL,
    parent_id  BINARY(16),
    position   BIGINT NOT NULL CHECK (position >= 0),
    version    BIGINT NOT NULL CHECK (version >= 1),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    INDEX categories_by_parent (parent_id),
    FOREIGN KEY (parent_id) REFERENCES categories (id)
);

-- The document is the product as it is shown; the other columns repeat what is searched by or summed.
-- Availability counts 0 out of stock, 1 low stock, 2 in stock, so that the best of many is the highest.
CREATE TABLE products (
    id            BINARY(16) NOT NULL PRIMARY KEY,
    slug          VARCHAR(100) COLLATE utf8mb4_bin NOT NULL UNIQUE,
    status        VARCHAR(16) COLLATE utf8mb4_bin NOT NULL CHECK (status IN ('draft', 'active', 'archived')),
    fulfilment    VARCHAR(16) COLLATE utf8mb4_bin NOT NULL CHECK (fulfilment IN ('physical', 'digital')),
    category_id   BINARY(16),
    brand_folded  VARCHAR(300) COLLATE utf8mb4_bin NOT NULL,
    currency      VARCHAR(3) COLLATE utf8mb4_bin NOT NULL,
    default_price BIGINT CHECK (default_price >= 0),
    price_min     BIGINT CHECK (price_min >= 0),
    availability  BIGINT NOT NULL CHECK (availability BETWEEN 0 AND 2),
    document      MEDIUMTEXT COLLATE utf8mb4_bin NOT NULL,
    version       BIGINT NOT NULL CHECK (version >= 1),
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    INDEX products_by_status (status, id),
    INDEX products_by_category (category_id, status, id),
    INDEX products_by_brand (brand_folded, status, id),
    FOREIGN KEY (category_id) REFERENCES categories (id)
);

CREATE TABLE variants (
    id             BINARY(16) NOT NULL UNIQUE,
    sku            VARCHAR(64) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
    product_id     BINARY(16) NOT NULL,
    sale_name      VARCHAR(2000) COLLATE utf8mb4_bin NOT NULL,
    price          BIGINT CHECK (price >= 0),
    inherits_price BOOLEAN NOT NULL,
    INDEX variants_by_product (product_id),
    FOREIGN KEY (product_id) REFERENCES products (id)
);

-- What inventory last said of a SKU, kept by SKU because it may say so before the variant is there.
CREATE TABLE availability (
    sku          VARCHAR(64) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
    availability BIGINT NOT NULL CHECK (availability BETWEEN 0 AND 2)
);
