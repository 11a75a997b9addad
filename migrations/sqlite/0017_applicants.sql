-- The applicants' side, folded from the ledger's entries of kind 'visit' and rebuilt from them.
CREATE TABLE booking (
    office      TEXT NOT NULL,
    code        TEXT NOT NULL,
    date        TEXT NOT NULL,              -- business date of its arrival window
    from_ms     BIGINT NOT NULL,
    until_ms    BIGINT NOT NULL,
    service     TEXT NOT NULL,
    nationality TEXT NOT NULL,              -- wni | wna
    initials    TEXT NOT NULL,
    care        TEXT,                       -- infant | elderly | disabled
    language    TEXT NOT NULL,
    state       TEXT NOT NULL,              -- issued | changed | cancelled | used | ready | collected; lapsed is asked of the clock
    admitted_ms BIGINT,
    left_ms     BIGINT,
    ready_until_ms BIGINT,
    collected_ms BIGINT,
    twin        BIGINT NOT NULL,            -- 1: two gates let it in at once
    changed_ms  BIGINT NOT NULL,
    PRIMARY KEY (office, code)
);
CREATE INDEX booking_date ON booking (office, date, from_ms);

-- Numbers of applicants, each sealed by itself with the key beside the database. No ledger has them, so that they can go.
CREATE TABLE applicant_number (
    office      TEXT NOT NULL,
    code        TEXT NOT NULL,
    sealed      BLOB NOT NULL,
    until_ms    BIGINT NOT NULL,            -- from then on it is erased
    PRIMARY KEY (office, code)
);
CREATE INDEX applicant_number_until ON applicant_number (until_ms);

CREATE INDEX ledger_visit ON ledger (n) WHERE kind = 'visit';
