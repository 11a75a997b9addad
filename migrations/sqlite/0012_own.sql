-- When the names went: of what people made of an incident, and of exemptions.
ALTER TABLE case_file ADD COLUMN anonymised_ms BIGINT;
ALTER TABLE exemption ADD COLUMN anonymised_ms BIGINT;

-- What somebody says is wrong in what is held about him, folded from the ledger's entries of kind 'case'.
CREATE TABLE correction (
    n           INTEGER PRIMARY KEY,
    office      TEXT NOT NULL,
    person      TEXT NOT NULL,            -- of the roster: who asks, about himself; '' when the names went
    about       TEXT NOT NULL,            -- which record
    wanted      TEXT NOT NULL,            -- what is right
    asked_ms    BIGINT NOT NULL,
    due_ms      BIGINT NOT NULL,            -- by law: three days
    answered_by TEXT,
    answered_ms BIGINT,
    accepted    BIGINT,
    answer      TEXT,
    anonymised_ms BIGINT
);
CREATE INDEX correction_person ON correction (office, person, n);
CREATE INDEX correction_open ON correction (due_ms) WHERE answered_ms IS NULL;

-- Who looked at whose record: the traces of the ledger that name an officer, to be found by him.
CREATE TABLE looked (
    n           INTEGER PRIMARY KEY,        -- the entry's number
    at_ms       BIGINT NOT NULL,
    office      TEXT NOT NULL,
    officer     TEXT NOT NULL,
    account     TEXT NOT NULL,            -- whoever looked
    what        TEXT NOT NULL,
    which       TEXT NOT NULL,
    reason      TEXT NOT NULL
);
CREATE INDEX incident_officer ON incident (office, officer, n);
CREATE INDEX exemption_officer ON exemption (office, officer, n);
CREATE INDEX looked_officer ON looked (office, officer, n);
INSERT INTO looked (n, at_ms, office, officer, account, what, which, reason)
SELECT n, time_ms, coalesce(json_extract(CAST(body AS TEXT), '$.office'), ''), json_extract(CAST(body AS TEXT), '$.officer'),
       coalesce(json_extract(CAST(body AS TEXT), '$.actor'), ''),
       coalesce(json_extract(CAST(body AS TEXT), '$.what'), json_extract(CAST(body AS TEXT), '$.act'), ''),
       coalesce(json_extract(CAST(body AS TEXT), '$.which'), ''), coalesce(json_extract(CAST(body AS TEXT), '$.reason'), '')
FROM ledger WHERE kind = 'trace' AND json_extract(CAST(body AS TEXT), '$.officer') IS NOT NULL;
