-- The same tables as SQLite's, where each column is explained. Texts are compared byte by byte, as SQLite does: the order
-- of verdicts does not hang on the server's language.

CREATE TABLE ledger (
    n           BIGINT PRIMARY KEY,
    received_ms BIGINT NOT NULL,
    kind        TEXT   COLLATE "C" NOT NULL,
    office      TEXT   COLLATE "C" NOT NULL,
    source      TEXT   COLLATE "C" NOT NULL,
    id          TEXT   COLLATE "C" NOT NULL,
    time_ms     BIGINT NOT NULL,
    identity    BIGINT NOT NULL,
    body        BYTEA  NOT NULL,
    hash        BYTEA  NOT NULL
);
CREATE INDEX ledger_identity ON ledger (identity);
CREATE INDEX ledger_time ON ledger (office, time_ms);
CREATE INDEX ledger_rules ON ledger (office, n) WHERE kind IN ('roster', 'policies');

CREATE TABLE quarantine (
    n           BIGINT PRIMARY KEY,
    received_ms BIGINT NOT NULL,
    topic       TEXT   COLLATE "C" NOT NULL,
    code        TEXT   COLLATE "C" NOT NULL,
    reason      TEXT   COLLATE "C" NOT NULL,
    payload     BYTEA  NOT NULL
);
CREATE TABLE quarantine_count (
    code        TEXT   COLLATE "C" NOT NULL,
    day         TEXT   COLLATE "C" NOT NULL,
    count       BIGINT NOT NULL,
    PRIMARY KEY (code, day)
);

CREATE TABLE incident (
    n           BIGINT PRIMARY KEY,
    office      TEXT   COLLATE "C" NOT NULL,
    policy      TEXT   COLLATE "C" NOT NULL,
    class       TEXT   COLLATE "C" NOT NULL,
    severity    TEXT   COLLATE "C" NOT NULL,
    counter     TEXT   COLLATE "C",
    lockbox     TEXT   COLLATE "C",
    officer     TEXT   COLLATE "C",
    date        TEXT   COLLATE "C" NOT NULL,
    since_ms    BIGINT NOT NULL,
    until_ms    BIGINT,
    state       TEXT   COLLATE "C" NOT NULL,
    joined_to   BIGINT,
    created_ms  BIGINT NOT NULL,
    changed_ms  BIGINT NOT NULL
);
CREATE INDEX incident_since ON incident (since_ms);

CREATE TABLE verdict (
    n           BIGINT PRIMARY KEY,
    incident    BIGINT NOT NULL REFERENCES incident (n),
    office      TEXT   COLLATE "C" NOT NULL,
    policy      TEXT   COLLATE "C" NOT NULL,
    class       TEXT   COLLATE "C" NOT NULL,
    severity    TEXT   COLLATE "C" NOT NULL,
    counter     TEXT   COLLATE "C",
    lockbox     TEXT   COLLATE "C",
    officer     TEXT   COLLATE "C",
    since_ms    BIGINT NOT NULL,
    opened_ms   BIGINT NOT NULL,
    until_ms    BIGINT,
    evidence    TEXT   COLLATE "C" NOT NULL,
    state       TEXT   COLLATE "C" NOT NULL,
    changed_ms  BIGINT NOT NULL
);
CREATE INDEX verdict_incident ON verdict (incident);
CREATE INDEX verdict_since ON verdict (office, since_ms);

CREATE TABLE verdict_step (
    n           BIGINT PRIMARY KEY,
    verdict     BIGINT NOT NULL REFERENCES verdict (n),
    at_ms       BIGINT NOT NULL,
    step        TEXT   COLLATE "C" NOT NULL,
    reason      TEXT   COLLATE "C" NOT NULL,
    since_ms    BIGINT NOT NULL,
    opened_ms   BIGINT NOT NULL,
    until_ms    BIGINT
);
CREATE INDEX verdict_step_verdict ON verdict_step (verdict);

CREATE TABLE outbox (
    n             BIGINT PRIMARY KEY,
    incident      BIGINT REFERENCES incident (n),
    kind          TEXT   COLLATE "C" NOT NULL,
    person        TEXT   COLLATE "C" NOT NULL,
    address       TEXT   COLLATE "C" NOT NULL,
    language      TEXT   COLLATE "C" NOT NULL,
    subject       TEXT   COLLATE "C" NOT NULL,
    message_id    TEXT   COLLATE "C" NOT NULL,
    in_reply_to   TEXT   COLLATE "C",
    text_body     TEXT   COLLATE "C" NOT NULL,
    html_body     TEXT   COLLATE "C" NOT NULL,
    created_ms    BIGINT NOT NULL,
    due_ms        BIGINT NOT NULL,
    attempts      BIGINT NOT NULL,
    leased_until_ms BIGINT,
    sent_ms       BIGINT,
    dead_ms       BIGINT,
    last_error    TEXT   COLLATE "C"
);
CREATE INDEX outbox_due ON outbox (due_ms) WHERE sent_ms IS NULL AND dead_ms IS NULL;
CREATE INDEX outbox_dead ON outbox (n) WHERE dead_ms IS NOT NULL;
CREATE INDEX outbox_incident ON outbox (incident);

CREATE TABLE device_status (
    office      TEXT   COLLATE "C" NOT NULL,
    device      TEXT   COLLATE "C" NOT NULL,
    state       TEXT   COLLATE "C" NOT NULL,
    at_ms       BIGINT NOT NULL,
    PRIMARY KEY (office, device)
);
