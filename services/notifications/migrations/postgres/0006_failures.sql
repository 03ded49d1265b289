ALTER TABLE mails ADD COLUMN last_error TEXT;

CREATE INDEX mails_by_state ON mails (state, id);
