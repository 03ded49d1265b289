CREATE TABLE refusals (
    recipient TEXT NOT NULL,
    kind      TEXT NOT NULL,
    since     BIGINT NOT NULL,
    PRIMARY KEY (recipient, kind)
);
