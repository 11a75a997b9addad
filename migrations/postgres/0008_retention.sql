-- What was taken out of the ledger when it had been kept long enough: one row for each entry of kind retention that
-- announces it (n is that entry's number), all between first_n and last_n.
CREATE TABLE removal (
    n           BIGINT PRIMARY KEY,
    first_n     BIGINT NOT NULL,
    last_n      BIGINT NOT NULL,
    from_ms     BIGINT NOT NULL,            -- the least and the greatest time_ms of what coverage holds
    to_ms       BIGINT NOT NULL,
    bridges     BYTEA  NOT NULL,            -- runs of numbers that are gone, each with the hash of its last entry
    coverage    BYTEA                       -- heartbeats and ticks, packed; NULL where there are none, or no longer
);
CREATE INDEX removal_last ON removal (last_n);
CREATE INDEX removal_time ON removal (to_ms);
CREATE INDEX ledger_house ON ledger (n) WHERE kind IN ('retention', 'hold');

-- When the names went: an incident whose officer is NULL may also be one that had none.
ALTER TABLE incident ADD COLUMN anonymised_ms BIGINT;
ALTER TABLE verdict ADD COLUMN anonymised_ms BIGINT;
ALTER TABLE outbox ADD COLUMN anonymised_ms BIGINT;
