-- What a dry run would have stored so far, for its next chunks to find: goes when the job ends.
CREATE TABLE import_trials (
    job_id     BINARY(16) NOT NULL,
    product_id BINARY(16) NOT NULL,
    slug       VARCHAR(100) COLLATE utf8mb4_bin NOT NULL,
    document   MEDIUMTEXT COLLATE utf8mb4_bin NOT NULL,
    prices     TEXT COLLATE utf8mb4_bin NOT NULL,
    PRIMARY KEY (job_id, product_id),
    INDEX import_trials_by_slug (job_id, slug),
    FOREIGN KEY (job_id) REFERENCES import_jobs (id)
);

CREATE TABLE import_trial_skus (
    job_id     BINARY(16) NOT NULL,
    sku        VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    product_id BINARY(16) NOT NULL,
    PRIMARY KEY (job_id, sku),
    FOREIGN KEY (job_id) REFERENCES import_jobs (id)
);

CREATE TABLE import_trial_categories (
    job_id     BINARY(16) NOT NULL,
    id         BINARY(16) NOT NULL,
    slug       VARCHAR(100) COLLATE utf8mb4_bin NOT NULL,
    name       VARCHAR(100) COLLATE utf8mb4_bin NOT NULL,
    parent_id  BINARY(16),
    position   BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (job_id, slug),
    UNIQUE INDEX import_trial_categories_by_id (job_id, id),
    FOREIGN KEY (job_id) REFERENCES import_jobs (id)
);
