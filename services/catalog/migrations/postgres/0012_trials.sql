-- What a dry run would have stored so far, for its next chunks to find: goes when the job ends.
CREATE TABLE import_trials (
    job_id     BYTEA NOT NULL REFERENCES import_jobs (id),
    product_id BYTEA NOT NULL,
    slug       TEXT NOT NULL,
    document   TEXT NOT NULL,
    prices     TEXT NOT NULL,
    PRIMARY KEY (job_id, product_id)
);

CREATE INDEX import_trials_by_slug ON import_trials (job_id, slug);

CREATE TABLE import_trial_skus (
    job_id     BYTEA NOT NULL REFERENCES import_jobs (id),
    sku        TEXT NOT NULL,
    product_id BYTEA NOT NULL,
    PRIMARY KEY (job_id, sku)
);

CREATE TABLE import_trial_categories (
    job_id     BYTEA NOT NULL REFERENCES import_jobs (id),
    id         BYTEA NOT NULL,
    slug       TEXT NOT NULL,
    name       TEXT NOT NULL,
    parent_id  BYTEA,
    position   BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (job_id, slug)
);

CREATE UNIQUE INDEX import_trial_categories_by_id ON import_trial_categories (job_id, id);
