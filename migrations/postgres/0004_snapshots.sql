-- What an office's engine knew when it had judged the ledger up to ledger_n: derived, and no part of backups.
CREATE TABLE snapshot (
    office      TEXT COLLATE "C" NOT NULL,
    ledger_n    BIGINT NOT NULL,
    -- The hash of that entry: a snapshot of another ledger is none.
    ledger_hash BYTEA NOT NULL,
    engine      BYTEA NOT NULL,
    -- What is known of clocks and of missing events.
    desk        BYTEA NOT NULL,
    PRIMARY KEY (office, ledger_n)
);
