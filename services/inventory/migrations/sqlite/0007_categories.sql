-- The tree of the catalogue's categories, as it tells of it: a parent may come later than what stands in it.
CREATE TABLE categories (
    id        BLOB NOT NULL PRIMARY KEY,
    parent_id BLOB
) WITHOUT ROWID;
