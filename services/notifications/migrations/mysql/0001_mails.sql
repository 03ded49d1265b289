CREATE TABLE mails (
    id              BINARY(16) NOT NULL PRIMARY KEY,
    event_id        BINARY(16) NOT NULL,
    template        VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    subject_id      BINARY(16) NOT NULL,
    recipient       VARCHAR(254) COLLATE utf8mb4_bin NOT NULL,
    message_id      VARCHAR(255) COLLATE utf8mb4_bin NOT NULL,
    state           VARCHAR(16) COLLATE utf8mb4_bin NOT NULL
                    CHECK (state IN ('queued', 'sent', 'kept', 'failed')),
    attempts        BIGINT NOT NULL CHECK (attempts >= 0),
    next_attempt_at BIGINT,
    created_at      BIGINT NOT NULL,
    sent_at         BIGINT,
    updated_at      BIGINT NOT NULL,
    UNIQUE (event_id, template, recipient),
    INDEX mails_by_next_attempt (next_attempt_at),
    CHECK (state = 'queued' OR next_attempt_at IS NULL)
);

CREATE TABLE mail_contents (
    mail_id BINARY(16) NOT NULL PRIMARY KEY,
    subject VARCHAR(500) COLLATE utf8mb4_bin NOT NULL,
    body    MEDIUMTEXT COLLATE utf8mb4_bin NOT NULL,
    html    MEDIUMTEXT COLLATE utf8mb4_bin NOT NULL,
    FOREIGN KEY (mail_id) REFERENCES mails (id)
);
