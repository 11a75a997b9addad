-- What people make of incidents, folded from the ledger's entries of kind 'case' and rebuilt from them.
CREATE TABLE case_file (
    incident    BIGINT PRIMARY KEY,
    office      TEXT COLLATE "C" NOT NULL,
    class       TEXT COLLATE "C" NOT NULL,
    severity    TEXT COLLATE "C" NOT NULL,
    policy      TEXT COLLATE "C" NOT NULL,
    officer     TEXT COLLATE "C",
    date        TEXT COLLATE "C" NOT NULL,            -- business date
    stage       TEXT COLLATE "C" NOT NULL,            -- indication | dismissing | … | closed | withdrawn
    outcome     TEXT COLLATE "C",                     -- the last decision, also of a closed case
    code        TEXT COLLATE "C",                     -- why it was dismissed
    stands      BIGINT NOT NULL,            -- 0: late events withdrew its incident, or joined it to another
    opened_ms   BIGINT NOT NULL,
    decided_ms  BIGINT,
    acked_by    TEXT COLLATE "C",
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
    person      TEXT COLLATE "C",                     -- NULL: the monitor itself
    post        TEXT COLLATE "C",                     -- in which capacity
    step        TEXT COLLATE "C" NOT NULL,
    detail      TEXT COLLATE "C",
    reason      TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (incident, n)
);

-- Exemptions that were asked for, and what was answered.
CREATE TABLE exemption (
    office      TEXT COLLATE "C" NOT NULL,
    n           BIGINT NOT NULL,
    officer     TEXT COLLATE "C" NOT NULL,
    from_ms     BIGINT NOT NULL,
    until_ms    BIGINT NOT NULL,
    asked_by    TEXT COLLATE "C" NOT NULL,
    asked_ms    BIGINT NOT NULL,
    reason      TEXT COLLATE "C" NOT NULL,
    answered_by TEXT COLLATE "C",
    answered_ms BIGINT,
    granted     BIGINT,
    revoked_ms  BIGINT,
    PRIMARY KEY (office, n)
);

CREATE INDEX ledger_case ON ledger (n) WHERE kind = 'case';

-- What a letter answers goes out before it.
CREATE INDEX outbox_message ON outbox (message_id) WHERE sent_ms IS NULL AND dead_ms IS NULL;
