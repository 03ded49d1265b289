ALTER TABLE mails
    ADD COLUMN recipient_folded VARCHAR(254) COLLATE utf8mb4_bin NOT NULL DEFAULT '',
    ADD COLUMN user_id BINARY(16),
    ADD COLUMN original_id BINARY(16),
    ADD INDEX mails_by_recipient (recipient_folded, id),
    ADD INDEX mails_by_user (user_id, id);
