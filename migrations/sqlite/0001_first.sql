-- TEXT, BIGINT and BLOB only, so that other databases can have the same tables; `INTEGER PRIMARY KEY` is how SQLite calls
-- its own row number, which saves an index. Times are milliseconds since 1970, UTC.

-- Everything accepted, append-only, hash-chained: the only source of state.
CREATE TABLE ledger (
    n           INTEGER PRIMARY KEY,        -- 1, 2, 3 … without holes
    received_ms BIGINT NOT NULL,            -- the monitor's clock
    kind        TEXT   NOT NULL,            -- event | tick | roster | policies
    office      TEXT   NOT NULL,
    source      TEXT   NOT NULL,            -- /{office}/{device}
    id          TEXT   NOT NULL,
    time_ms     BIGINT NOT NULL,            -- the event's own time
    identity    BIGINT NOT NULL,            -- first 8 bytes of SHA-256 over source, NUL, id
    body        BLOB   NOT NULL,            -- the event as it came, or the activated text
    hash        BLOB   NOT NULL             -- SHA-256 over the hash before and this row
);
CREATE INDEX ledger_identity ON ledger (identity);
CREATE INDEX ledger_time ON ledger (office, time_ms);
CREATE INDEX ledger_rules ON ledger (office, n) WHERE kind IN ('roster', 'policies');

-- What could not be accepted, whole, with a reason a person understands. Bounded; what was dropped stays counted.
CREATE TABLE quarantine (
    n           INTEGER PRIMARY KEY,
    received_ms BIGINT NOT NULL,
    topic       TEXT   NOT NULL,
    code        TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    payload     BLOB   NOT NULL
);
CREATE TABLE quarantine_count (
    code        TEXT   NOT NULL,
    day         TEXT   NOT NULL,            -- UTC date of receipt
    count       BIGINT NOT NULL,
    PRIMARY KEY (code, day)
) WITHOUT ROWID;

-- What the engine says of the ledger, and how its saying changed.
CREATE TABLE incident (
    n           INTEGER PRIMARY KEY,
    office      TEXT   NOT NULL,
    policy      TEXT   NOT NULL,
    class       TEXT   NOT NULL,            -- indication | unverifiable | technical
    severity    TEXT   NOT NULL,
    counter     TEXT,
    lockbox     TEXT,
    officer     TEXT,
    date        TEXT   NOT NULL,            -- business date, office zone
    since_ms    BIGINT NOT NULL,
    until_ms    BIGINT,                     -- NULL while one of its verdicts holds
    state       TEXT   NOT NULL,            -- open | ended | retracted | joined
    joined_to   BIGINT,                     -- the older incident that goes on in its place
    created_ms  BIGINT NOT NULL,            -- the monitor's clock
    changed_ms  BIGINT NOT NULL
);
CREATE INDEX incident_since ON incident (since_ms);

CREATE TABLE verdict (
    n           INTEGER PRIMARY KEY,
    incident    BIGINT NOT NULL REFERENCES incident (n),
    office      TEXT   NOT NULL,
    policy      TEXT   NOT NULL,
    class       TEXT   NOT NULL,
    severity    TEXT   NOT NULL,
    counter     TEXT,
    lockbox     TEXT,
    officer     TEXT,
    since_ms    BIGINT NOT NULL,
    opened_ms   BIGINT NOT NULL,
    until_ms    BIGINT,
    evidence    TEXT   NOT NULL,            -- JSON list of references
    state       TEXT   NOT NULL,            -- standing | retracted
    changed_ms  BIGINT NOT NULL
);
CREATE INDEX verdict_incident ON verdict (incident);
CREATE INDEX verdict_since ON verdict (office, since_ms);

CREATE TABLE verdict_step (
    n           INTEGER PRIMARY KEY,
    verdict     BIGINT NOT NULL REFERENCES verdict (n),
    at_ms       BIGINT NOT NULL,            -- the monitor's clock
    step        TEXT   NOT NULL,            -- opened | amended | retracted
    reason      TEXT   NOT NULL,
    since_ms    BIGINT NOT NULL,
    opened_ms   BIGINT NOT NULL,
    until_ms    BIGINT
);
CREATE INDEX verdict_step_verdict ON verdict_step (verdict);

-- Letters: rendered, then sent at least once.
CREATE TABLE outbox (
    n             INTEGER PRIMARY KEY,
    incident      BIGINT REFERENCES incident (n),
    kind          TEXT   NOT NULL,          -- opened | amended | ended | retracted
    person        TEXT   NOT NULL,          -- roster id of the recipient
    address       TEXT   NOT NULL,
    language      TEXT   NOT NULL,
    subject       TEXT   NOT NULL,
    message_id    TEXT   NOT NULL,
    in_reply_to   TEXT,
    text_body     TEXT   NOT NULL,
    html_body     TEXT   NOT NULL,
    created_ms    BIGINT NOT NULL,
    due_ms        BIGINT NOT NULL,          -- not before this moment
    attempts      BIGINT NOT NULL,          -- leases so far; only the last one's holder may settle a failure
    leased_until_ms BIGINT,
    sent_ms       BIGINT,
    dead_ms       BIGINT,                   -- given up; shown until somebody deals with it
    last_error    TEXT
);
CREATE INDEX outbox_due ON outbox (due_ms) WHERE sent_ms IS NULL AND dead_ms IS NULL;
CREATE INDEX outbox_dead ON outbox (n) WHERE dead_ms IS NOT NULL;
CREATE INDEX outbox_incident ON outbox (incident);

-- Connection state of devices (wills and births): shown to people, never judged.
CREATE TABLE device_status (
    office      TEXT   NOT NULL,
    device      TEXT   NOT NULL,
    state       TEXT   NOT NULL,            -- online | offline
    at_ms       BIGINT NOT NULL,
    PRIMARY KEY (office, device)
) WITHOUT ROWID;
