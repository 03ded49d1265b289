CREATE TABLE collections (
    id          BYTEA NOT NULL PRIMARY KEY,
    slug        TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    description TEXT,
    position    BIGINT NOT NULL CHECK (position >= 0),
    version     BIGINT NOT NULL CHECK (version >= 1),
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);

-- The products of a collection in the order of their places, those that are not on sale included.
CREATE TABLE collection_products (
    collection_id BYTEA NOT NULL REFERENCES collections (id),
    place         BIGINT NOT NULL,
    product_id    BYTEA NOT NULL REFERENCES products (id),
    PRIMARY KEY (collection_id, place)
);
