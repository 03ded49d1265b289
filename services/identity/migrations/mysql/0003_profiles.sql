-- What users say of themselves. Preferences are a JSON object of theirs, which the shop only keeps; those
-- who never stated any have none.
ALTER TABLE users ADD COLUMN display_name VARCHAR(200) COLLATE utf8mb4_bin;
ALTER TABLE users ADD COLUMN phone VARCHAR(30) COLLATE utf8mb4_bin;
ALTER TABLE users ADD COLUMN locale VARCHAR(35) COLLATE utf8mb4_bin;
ALTER TABLE users ADD COLUMN preferences TEXT COLLATE utf8mb4_bin;
ALTER TABLE users ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
