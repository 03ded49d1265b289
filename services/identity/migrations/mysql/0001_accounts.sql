CREATE TABLE users (
    id            BINARY(16) NOT NULL PRIMARY KEY,
    email         VARCHAR(254) COLLATE utf8mb4_bin NOT NULL,
    email_folded  VARCHAR(320) COLLATE utf8mb4_bin NOT NULL UNIQUE,
    name          VARCHAR(200) COLLATE utf8mb4_bin NOT NULL,
    password_hash VARCHAR(255) COLLATE utf8mb4_bin NOT NULL,
    created_at    BIGINT NOT NULL
);

CREATE TABLE user_roles (
    user_id BINARY(16) NOT NULL,
    role    VARCHAR(16) COLLATE utf8mb4_bin NOT NULL,
    PRIMARY KEY (user_id, role),
    FOREIGN KEY (user_id) REFERENCES users (id)
);

CREATE TABLE sessions (
    id         BINARY(16) NOT NULL PRIMARY KEY,
    user_id    BINARY(16) NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT,
    INDEX sessions_by_user (user_id),
    FOREIGN KEY (user_id) REFERENCES users (id)
);

CREATE TABLE refresh_tokens (
    token_hash BINARY(32) NOT NULL PRIMARY KEY,
    session_id BINARY(16) NOT NULL,
    expires_at BIGINT NOT NULL,
    spent_at   BIGINT,
    INDEX refresh_tokens_by_session (session_id),
    FOREIGN KEY (session_id) REFERENCES sessions (id)
);
