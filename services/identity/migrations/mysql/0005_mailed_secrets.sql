-- Since when an address is known to be its user's, and which one they want to have once it is.
ALTER TABLE users ADD COLUMN email_verified_at BIGINT;
ALTER TABLE users ADD COLUMN pending_email VARCHAR(254) COLLATE utf8mb4_bin;

-- When and from where a session was used last. One of before was used when it began, from nowhere known.
ALTER TABLE sessions ADD COLUMN used_at BIGINT;
ALTER TABLE sessions ADD COLUMN user_agent VARCHAR(200) COLLATE utf8mb4_bin;
ALTER TABLE sessions ADD COLUMN address VARCHAR(45) COLLATE utf8mb4_bin;

CREATE TABLE mailed_secrets (
    secret_hash  BINARY(32) NOT NULL PRIMARY KEY,
    user_id      BINARY(16) NOT NULL,
    purpose      VARCHAR(16) COLLATE utf8mb4_bin NOT NULL CHECK (purpose IN ('verify_email', 'reset_password')),
    email_folded VARCHAR(320) COLLATE utf8mb4_bin NOT NULL,
    expires_at   BIGINT NOT NULL,
    INDEX mailed_secrets_by_user (user_id, purpose),
    INDEX mailed_secrets_by_expiry (expires_at),
    FOREIGN KEY (user_id) REFERENCES users (id)
);

-- Addresses whose password somebody forgot, until it is looked whether there is such an account.
CREATE TABLE forgotten_passwords (
    id           BINARY(16) NOT NULL PRIMARY KEY,
    email_folded VARCHAR(320) COLLATE utf8mb4_bin NOT NULL
);
