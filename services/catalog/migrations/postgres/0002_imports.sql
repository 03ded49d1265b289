CREATE TABLE import_jobs (
    id          BYTEA NOT NULL PRIMARY KEY,
    status      TEXT NOT NULL CHECK (status IN ('receiving', 'queued', 'running', 'done', 'failed')),
    total       BIGINT,
    done        BIGINT NOT NULL CHECK (done >= 0),
    error_count BIGINT NOT NULL CHECK (error_count >= 0),
    next_chunk  BIGINT NOT NULL CHECK (next_chunk >= 0),
    lease_until BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);

CREATE INDEX import_jobs_by_status ON import_jobs (status, id);

CREATE TABLE import_chunks (
    job_id     BYTEA NOT NULL REFERENCES import_jobs (id),
    number     BIGINT NOT NULL,
    first_line BIGINT NOT NULL,
    filled     BIGINT NOT NULL,
    data       BYTEA NOT NULL,
    PRIMARY KEY (job_id, number)
);

CREATE TABLE import_errors (
    job_id BYTEA NOT NULL REFERENCES import_jobs (id),
    number BIGINT NOT NULL,
    line   BIGINT NOT NULL,
    code   TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (job_id, number)
);
