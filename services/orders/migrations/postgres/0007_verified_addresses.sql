-- Whose an e-mail address is known to be: guests' orders with it are theirs.
CREATE TABLE verified_addresses (
    email_folded TEXT NOT NULL PRIMARY KEY,
    user_id      BYTEA NOT NULL,
    verified_at  BIGINT NOT NULL
);

CREATE INDEX verified_addresses_by_user ON verified_addresses (user_id);
