-- Since when an address is known to be its user's, and which one they want to have once it is.
ALTER TABLE users ADD COLUMN email_verified_at BIGINT;
ALTER TABLE users ADD COLUMN pending_email TEXT;

-- When and from where a session was used last. One of before was used when it began, from nowhere known.
ALTER TABLE sessions ADD COLUMN used_at BIGINT;
ALTER TABLE sessions ADD COLUMN user_agent TEXT;
ALTER TABLE sessions ADD COLUMN address TEXT;

CREATE TABLE mailed_secrets (
    secret_hash  BYTEA NOT NULL PRIMARY KEY,
    user_id      BYTEA NOT NULL REFERENCES users (id),
    purpose      TEXT NOT NULL CHECK (purpose IN ('verify_email', 'reset_password')),
    email_folded TEXT NOT NULL,
    expires_at   BIGINT NOT NULL
);

CREATE INDEX mailed_secrets_by_user ON mailed_secrets (user_id, purpose);

CREATE INDEX mailed_secrets_by_expiry ON mailed_secrets (expires_at);

-- Addresses whose password somebody forgot, until it is looked whether there is such an account.
CREATE TABLE forgotten_passwords (
    id           BYTEA NOT NULL PRIMARY KEY,
    email_folded TEXT NOT NULL
);
