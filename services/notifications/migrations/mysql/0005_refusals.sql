CREATE TABLE refusals (
    recipient VARCHAR(254) COLLATE utf8mb4_bin NOT NULL,
    kind      VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    since     BIGINT NOT NULL,
    PRIMARY KEY (recipient, kind)
);
