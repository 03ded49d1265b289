CREATE TABLE mails (
    id              BLOB NOT NULL PRIMARY KEY,
    event_id        BLOB NOT NULL,
    template        TEXT NOT NULL,
    subject_id      BLOB NOT NULL,
    recipient       TEXT NOT NULL,
    message_id      TEXT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'kept', 'failed')),
    attempts        INTEGER NOT NULL CHECK (attempts >= 0),
    next_attempt_at INTEGER,
    created_at      INTEGER NOT NULL,
    sent_at         INTEGER,
    updated_at      INTEGER NOT NULL,
    UNIQUE (event_id, template, recipient),
    CHECK (state = 'queued' OR next_attempt_at IS NULL)
) WITHOUT ROWID;

CREATE INDEX mails_by_next_attempt ON mails (next_attempt_at);

CREATE TABLE mail_contents (
    mail_id BLOB NOT NULL PRIMARY KEY REFERENCES mails (id),
    subject TEXT NOT NULL,
    body    TEXT NOT NULL,
    html    TEXT NOT NULL
);
