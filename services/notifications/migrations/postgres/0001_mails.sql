CREATE TABLE mails (
    id              BYTEA NOT NULL PRIMARY KEY,
    event_id        BYTEA NOT NULL,
    template        TEXT NOT NULL,
    subject_id      BYTEA NOT NULL,
    recipient       TEXT NOT NULL,
    message_id      TEXT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'kept', 'failed')),
    attempts        BIGINT NOT NULL CHECK (attempts >= 0),
    next_attempt_at BIGINT,
    created_at      BIGINT NOT NULL,
    sent_at         BIGINT,
    updated_at      BIGINT NOT NULL,
    UNIQUE (event_id, template, recipient),
    CHECK (state = 'queued' OR next_attempt_at IS NULL)
);

CREATE INDEX mails_by_next_attempt ON mails (next_attempt_at);

CREATE TABLE mail_contents (
    mail_id BYTEA NOT NULL PRIMARY KEY REFERENCES mails (id),
    subject TEXT NOT NULL,
    body    TEXT NOT NULL,
    html    TEXT NOT NULL
);
