CREATE TABLE addresses (
    id         BINARY(16) NOT NULL PRIMARY KEY,
    user_id    BINARY(16) NOT NULL,
    address    TEXT COLLATE utf8mb4_bin NOT NULL,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    INDEX addresses_by_user (user_id, id),
    FOREIGN KEY (user_id) REFERENCES users (id)
);
