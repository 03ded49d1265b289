ALTER TABLE payments
    ADD COLUMN provider_reference VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin,
    ADD COLUMN action_url VARCHAR(2048) CHARACTER SET ascii COLLATE ascii_bin;
