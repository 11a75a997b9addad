-- As SQLite's, where it is explained.
DROP INDEX ledger_identity;
CREATE INDEX ledger_identity ON ledger (identity) WHERE kind <> 'pulse';

CREATE TABLE digest (
    letter      BIGINT NOT NULL REFERENCES outbox (n) ON DELETE CASCADE,
    incident    BIGINT NOT NULL REFERENCES incident (n) ON DELETE CASCADE,
    subject     TEXT   COLLATE "C" NOT NULL,
    PRIMARY KEY (letter, incident)
);
CREATE INDEX digest_incident ON digest (incident);

-- What is asked of letters that wait stands in their indexes: their rows are long.
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (due_ms, leased_until_ms, incident, person, created_ms)
    WHERE sent_ms IS NULL AND dead_ms IS NULL;
CREATE INDEX outbox_thread ON outbox (incident, person) WHERE sent_ms IS NULL AND dead_ms IS NULL;
