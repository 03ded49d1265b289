CREATE TABLE ratings (
    product_id BLOB NOT NULL PRIMARY KEY,
    stars_1    INTEGER NOT NULL CHECK (stars_1 >= 0),
    stars_2    INTEGER NOT NULL CHECK (stars_2 >= 0),
    stars_3    INTEGER NOT NULL CHECK (stars_3 >= 0),
    stars_4    INTEGER NOT NULL CHECK (stars_4 >= 0),
    stars_5    INTEGER NOT NULL CHECK (stars_5 >= 0),
    revision   INTEGER NOT NULL CHECK (revision > 0)
) WITHOUT ROWID;
