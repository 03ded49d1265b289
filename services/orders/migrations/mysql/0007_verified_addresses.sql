-- Whose an e-mail address is known to be: guests' orders with it are theirs.
CREATE TABLE verified_addresses (
    email_folded VARCHAR(512) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
    user_id      BINARY(16) NOT NULL,
    verified_at  BIGINT NOT NULL,
    INDEX verified_addresses_by_user (user_id)
);
