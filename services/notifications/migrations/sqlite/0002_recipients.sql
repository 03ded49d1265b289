ALTER TABLE mails ADD COLUMN recipient_folded TEXT NOT NULL DEFAULT '';

ALTER TABLE mails ADD COLUMN user_id BLOB;

ALTER TABLE mails ADD COLUMN original_id BLOB;

CREATE INDEX mails_by_recipient ON mails (recipient_folded, id);

CREATE INDEX mails_by_user ON mails (user_id, id);
