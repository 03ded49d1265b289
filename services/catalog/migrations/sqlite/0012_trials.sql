-- What a dry run would have stored so far, for its next chunks to find: goes when the job ends.
CREATE TABLE import_trials (
    job_id     BLOB NOT NULL REFERENCES import_jobs (id),
    product_id BLOB NOT NULL,
    slug       TEXT NOT NULL,
    document   TEXT NOT NULL,
    prices     TEXT NOT NULL,
    PRIMARY KEY (job_id, product_id)
);

CREATE INDEX import_trials_by_slug ON import_trials (job_id, slug);

CREATE TABLE import_trial_skus (
    job_id     BLOB NOT NULL REFERENCES import_jobs (id),
    sku        TEXT NOT NULL,
    product_id BLOB NOT NULL,
    PRIMARY KEY (job_id, sku)
) WITHOUT ROWID;

CREATE TABLE import_trial_categories (
    job_id     BLOB NOT NULL REFERENCES import_jobs (id),
    id         BLOB NOT NULL,
    slug       TEXT NOT NULL,
    name       TEXT NOT NULL,
    parent_id  BLOB,
    position   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (job_id, slug)
) WITHOUT ROWID;

CREATE UNIQUE INDEX import_trial_categories_by_id ON import_trial_categories (job_id, id);
