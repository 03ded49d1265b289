-- How many categories its lines made, counted with them.
ALTER TABLE import_jobs ADD COLUMN categories_created INTEGER NOT NULL DEFAULT 0;
