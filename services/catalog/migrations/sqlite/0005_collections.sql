CREATE TABLE collections (
    id          BLOB NOT NULL PRIMARY KEY,
    slug        TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    description TEXT,
    position    INTEGER NOT NULL CHECK (position >= 0),
    version     INTEGER NOT NULL CHECK (version >= 1),
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) WITHOUT ROWID;

-- The products of a collection in the order of their places, those that are not on sale included.
CREATE TABLE collection_products (
    collection_id BLOB NOT NULL REFERENCES collections (id),
    place         INTEGER NOT NULL,
    product_id    BLOB NOT NULL REFERENCES products (id),
    PRIMARY KEY (collection_id, place)
) WITHOUT ROWID;
