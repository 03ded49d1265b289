-- A dry run only tries its lines. The columns of an import in CSV; none where its lines are JSON.
ALTER TABLE import_jobs ADD COLUMN dry_run INTEGER NOT NULL DEFAULT 0;
ALTER TABLE import_jobs ADD COLUMN csv_columns TEXT;
