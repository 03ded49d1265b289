CREATE TABLE import_jobs (
    id          BINARY(16) NOT NULL PRIMARY KEY,
    status      VARCHAR(16) COLLATE utf8mb4_bin NOT NULL
                CHECK (status IN ('receiving', 'queued', 'running', 'done', 'failed')),
    total       BIGINT,
    done        BIGINT NOT NULL CHECK (done >= 0),
    error_count BIGINT NOT NULL CHECK (error_count >= 0),
    next_chunk  BIGINT NOT NULL CHECK (next_chunk >= 0),
    lease_until BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    INDEX import_jobs_by_status (status, id)
);

CREATE TABLE import_chunks (
    job_id     BINARY(16) NOT NULL,
    number     BIGINT NOT NULL,
    first_line BIGINT NOT NULL,
    filled     BIGINT NOT NULL,
    data       MEDIUMBLOB NOT NULL,
    PRIMARY KEY (job_id, number),
    FOREIGN KEY (job_id) REFERENCES import_jobs (id)
);

CREATE TABLE import_errors (
    job_id BINARY(16) NOT NULL,
    number BIGINT NOT NULL,
    line   BIGINT NOT NULL,
    code   VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    detail VARCHAR(500) COLLATE utf8mb4_bin NOT NULL,
    PRIMARY KEY (job_id, number),
    FOREIGN KEY (job_id) REFERENCES import_jobs (id)
);
