-- What people make of incidents, folded from the ledger's entries of kind 'case' and rebuilt from them.
CREATE TABLE case_file (
    incident    INTEGER PRIMARY KEY,
    office      TEXT NOT NULL,
    class       TEXT NOT NULL,
    severity    TEXT NOT NULL,
    policy      TEXT NOT NULL,
    officer     TEXT,
    date        TEXT NOT NULL,            -- business date
    stage       TEXT NOT NULL,            -- indication | dismissing | … | closed | withdrawn
    outcome     TEXT,                     -- the last decision, also of a closed case
    code        TEXT,                     -- why it was dismissed
    stands      BIGINT NOT NULL,            -- 0: late events withdrew its incident, or joined it to another
    opened_ms   BIGINT NOT NULL,
    decided_ms  BIGINT,
    acked_by    TEXT,
    acked_until_ms BIGINT,
    review_by_ms BIGINT,                    -- while an appeal is pending
    changed_ms  BIGINT NOT NULL,
    steps       BIGINT NOT NULL
);
CREATE INDEX case_file_opened ON case_file (office, opened_ms);

-- Every step, append-only: who, when, why.
CREATE TABLE case_step (
    incident    BIGINT NOT NULL,
    n           BIGINT NOT NULL,            -- 1, 2, 3 … within the case
    at_ms       BIGINT NOT NULL,            -- the monitor's clock
    person      TEXT,                     -- NULL: the monitor itself
    post        TEXT,                     -- in which capacity
    step        TEXT NOT NULL,
    detail      TEXT,
    reason      TEXT NOT NULL,
    PRIMARY KEY (incident, n)
);

-- Exemptions that were asked for, and what was answered.
CREATE TABLE exemption (
    office      TEXT NOT NULL,
    n           BIGINT NOT NULL,
    officer     TEXT NOT NULL,
    from_ms     BIGINT NOT NULL,
    until_ms    BIGINT NOT NULL,
    asked_by    TEXT NOT NULL,
    asked_ms    BIGINT NOT NULL,
    reason      TEXT NOT NULL,
    answered_by TEXT,
    answered_ms BIGINT,
    granted     BIGINT,
    revoked_ms  BIGINT,
    PRIMARY KEY (office, n)
);

CREATE INDEX ledger_case ON ledger (n) WHERE kind = 'case';

-- What a letter answers goes out before it.
CREATE INDEX outbox_message ON outbox (message_id) WHERE sent_ms IS NULL AND dead_ms IS NULL;
