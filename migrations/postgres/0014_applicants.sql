-- The applicants' side, folded from the ledger's entries of kind 'visit' and rebuilt from them.
CREATE TABLE booking (
    office      TEXT COLLATE "C" NOT NULL,
    code        TEXT COLLATE "C" NOT NULL,
    date        TEXT COLLATE "C" NOT NULL,              -- business date of its arrival window
    from_ms     BIGINT NOT NULL,
    until_ms    BIGINT NOT NULL,
    service     TEXT COLLATE "C" NOT NULL,
    nationality TEXT COLLATE "C" NOT NULL,              -- wni | wna
    initials    TEXT COLLATE "C" NOT NULL,
    care        TEXT COLLATE "C",                       -- infant | elderly | disabled
    language    TEXT COLLATE "C" NOT NULL,
    state       TEXT COLLATE "C" NOT NULL,              -- issued | changed | cancelled | used | ready | collected; lapsed is asked of the clock
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
    office      TEXT COLLATE "C" NOT NULL,
    code        TEXT COLLATE "C" NOT NULL,
    sealed      BYTEA NOT NULL,
    until_ms    BIGINT NOT NULL,            -- from then on it is erased
    mark        BIGINT NOT NULL,            -- finds it again, for whoever has the key
    heard_ms    BIGINT,                     -- when its holder last wrote to us
    PRIMARY KEY (office, code)
);
CREATE INDEX applicant_number_mark ON applicant_number (mark);
CREATE INDEX applicant_number_until ON applicant_number (until_ms);

CREATE INDEX ledger_visit ON ledger (n) WHERE kind = 'visit';

-- What goes out over the designated channel, once a key. The number stays in the vault.
CREATE TABLE message (
    key         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    office      TEXT COLLATE "C" NOT NULL,
    code        TEXT COLLATE "C" NOT NULL,
    template    TEXT COLLATE "C" NOT NULL,              -- booked | ready | asked | reply
    words       TEXT COLLATE "C",                       -- of a reply
    state       TEXT COLLATE "C" NOT NULL,              -- queued | unsure | sent | delivered | read | failed | printed
    attempts    BIGINT NOT NULL,
    due_ms      BIGINT NOT NULL,
    leased_until_ms BIGINT,
    wamid       TEXT COLLATE "C",                       -- the channel's own number of it
    error       TEXT COLLATE "C",
    created_ms  BIGINT NOT NULL,
    changed_ms  BIGINT NOT NULL
);
CREATE INDEX message_due ON message (due_ms) WHERE state IN ('queued', 'unsure');
CREATE INDEX message_wamid ON message (wamid);
CREATE INDEX message_created ON message (office, created_ms);

-- What applicants wrote, sealed: reports for the integrity team, questions for the desk. Each is taken in once.
CREATE TABLE contact (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,  -- the channel's number of it, or ours
    office      TEXT COLLATE "C" NOT NULL,
    kind        TEXT COLLATE "C" NOT NULL,              -- report | question | command
    code        TEXT COLLATE "C",
    words       BYTEA,
    reporter    BYTEA,                       -- opened by a custodian alone
    at_ms       BIGINT NOT NULL,
    opened_ms   BIGINT,
    opened_by   TEXT
);
CREATE INDEX contact_at ON contact (office, kind, at_ms);
