-- Heartbeats are entries of kind 'pulse' from here on (older ones keep 'event'), and are no longer found by their identity:
-- an index that every heartbeat enters at a random place costs more than all the rest of it.
DROP INDEX ledger_identity;
CREATE INDEX ledger_identity ON ledger (identity) WHERE kind <> 'pulse';

-- A letter that tells of many incidents which became known late: those it tells of, each with the subject of its thread.
CREATE TABLE digest (
    letter      BIGINT NOT NULL REFERENCES outbox (n) ON DELETE CASCADE,
    incident    BIGINT NOT NULL REFERENCES incident (n) ON DELETE CASCADE,
    subject     TEXT   NOT NULL,
    PRIMARY KEY (letter, incident)
) WITHOUT ROWID;
CREATE INDEX digest_incident ON digest (incident);

-- What is asked of letters that wait stands in their indexes: their rows are long.
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (due_ms, leased_until_ms, incident, person, created_ms)
    WHERE sent_ms IS NULL AND dead_ms IS NULL;
CREATE INDEX outbox_thread ON outbox (incident, person) WHERE sent_ms IS NULL AND dead_ms IS NULL;
