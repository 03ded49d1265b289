-- How many categories its lines made, counted with them.
ALTER TABLE import_jobs ADD COLUMN categories_created BIGINT NOT NULL DEFAULT 0;
