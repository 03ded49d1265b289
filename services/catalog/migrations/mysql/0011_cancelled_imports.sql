-- Somebody wants the import to end. It is 'done' once nobody works on it any more.
ALTER TABLE import_jobs ADD COLUMN cancelled BOOLEAN NOT NULL DEFAULT FALSE;
