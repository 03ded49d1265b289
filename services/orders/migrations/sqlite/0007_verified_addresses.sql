-- Whose an e-mail address is known to be: guests' orders with it are theirs.
CREATE TABLE verified_addresses (
    email_folded TEXT NOT NULL PRIMARY KEY,
    user_id      BLOB NOT NULL,
    verified_at  INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX verified_addresses_by_user ON verified_addresses (user_id);
