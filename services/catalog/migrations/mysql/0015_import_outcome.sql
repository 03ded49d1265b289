-- What storing the products of the chunk in hand came to, until the chunk is finished: a repeat goes on from there.
ALTER TABLE import_jobs ADD COLUMN outcome MEDIUMTEXT COLLATE utf8mb4_bin;
