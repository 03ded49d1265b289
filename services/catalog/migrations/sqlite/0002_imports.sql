CREATE TABLE import_jobs (
    id          BLOB NOT NULL PRIMARY KEY,
    status      TEXT NOT NULL CHECK (status IN ('receiving', 'queued', 'running', 'done', 'failed')),
    total       INTEGER,
    done        INTEGER NOT NULL CHECK (done >= 0),
    error_count INTEGER NOT NULL CHECK (error_count >= 0),
    next_chunk  INTEGER NOT NULL CHECK (next_chunk >= 0),
    lease_until INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX import_jobs_by_status ON import_jobs (status, id);

CREATE TABLE import_chunks (
    job_id     BLOB NOT NULL REFERENCES import_jobs (id),
    number     INTEGER NOT NULL,
    first_line INTEGER NOT NULL,
    filled     INTEGER NOT NULL,
    data       BLOB NOT NULL,
    PRIMARY KEY (job_id, number)
);

CREATE TABLE import_errors (
    job_id BLOB NOT NULL REFERENCES import_jobs (id),
    number INTEGER NOT NULL,
    line   INTEGER NOT NULL,
    code   TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (job_id, number)
) WITHOUT ROWID;
