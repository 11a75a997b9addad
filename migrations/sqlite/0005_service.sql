-- Minutes of service, hour by hour, measured from the ledger.
CREATE TABLE service_hour (
    office      TEXT   NOT NULL,
    date        TEXT   NOT NULL,            -- YYYY-MM-DD, office zone
    hour        BIGINT NOT NULL,            -- 0 to 23, of the office's wall clock
    counter     TEXT   NOT NULL,
    officer     TEXT   NOT NULL,
    served_ms   BIGINT NOT NULL,
    known_ms    BIGINT NOT NULL,
    verified_ms BIGINT NOT NULL,
    exempt_ms   BIGINT NOT NULL,
    sessions    BIGINT NOT NULL,
    PRIMARY KEY (office, date, hour, counter, officer)
) WITHOUT ROWID;

-- Up to which entry of the ledger an office's hours are measured, and by which conditions.
CREATE TABLE service_measured (
    office      TEXT   NOT NULL PRIMARY KEY,
    ledger_n    BIGINT NOT NULL,
    format      BIGINT NOT NULL
) WITHOUT ROWID;
