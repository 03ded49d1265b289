-- By which a secret is asked for when its mail is written. One of before has none: its event told it.
ALTER TABLE mailed_secrets ADD COLUMN id BLOB;

CREATE UNIQUE INDEX mailed_secrets_by_id ON mailed_secrets (id);
