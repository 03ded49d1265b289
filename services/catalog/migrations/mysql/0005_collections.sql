CREATE TABLE collections (
    id          BINARY(16) NOT NULL PRIMARY KEY,
    slug        VARCHAR(100) COLLATE utf8mb4_bin NOT NULL UNIQUE,
    name        VARCHAR(100) COLLATE utf8mb4_bin NOT NULL,
    description TEXT COLLATE utf8mb4_bin,
    position    BIGINT NOT NULL CHECK (position >= 0),
    version     BIGINT NOT NULL CHECK (version >= 1),
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);

-- The products of a collection in the order of their places, those that are not on sale included.
CREATE TABLE collection_products (
    collection_id BINARY(16) NOT NULL,
    place         BIGINT NOT NULL,
    product_id    BINARY(16) NOT NULL,
    PRIMARY KEY (collection_id, place),
    FOREIGN KEY (collection_id) REFERENCES collections (id),
    FOREIGN KEY (product_id) REFERENCES products (id)
);
