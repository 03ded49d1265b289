-- By which a secret is asked for when its mail is written. One of before has none: its event told it.
ALTER TABLE mailed_secrets ADD COLUMN id BINARY(16), ADD UNIQUE INDEX mailed_secrets_by_id (id);
