ALTER TABLE mails
    ADD COLUMN last_error VARCHAR(32) COLLATE utf8mb4_bin,
    ADD INDEX mails_by_state (state, id);
