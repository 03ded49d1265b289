UPDATE mails SET recipient_folded = LOWER(recipient);

CREATE TABLE letters (
    mail_id BYTEA NOT NULL PRIMARY KEY REFERENCES mails (id),
    letter  TEXT NOT NULL
);
