-- A dry run only tries its lines. The columns of an import in CSV; none where its lines are JSON.
ALTER TABLE import_jobs ADD COLUMN dry_run BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE import_jobs ADD COLUMN csv_columns TEXT COLLATE utf8mb4_bin;
