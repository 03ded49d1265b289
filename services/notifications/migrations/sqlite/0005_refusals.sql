CREATE TABLE refusals (
    recipient TEXT NOT NULL,
    kind      TEXT NOT NULL,
    since     INTEGER NOT NULL,
    PRIMARY KEY (recipient, kind)
);
