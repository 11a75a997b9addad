-- When the names went: of what people made of an incident, and of exemptions.
ALTER TABLE case_file ADD COLUMN anonymised_ms BIGINT;
ALTER TABLE exemption ADD COLUMN anonymised_ms BIGINT;

-- What somebody says is wrong in what is held about him, folded from the ledger's entries of kind 'case'.
CREATE TABLE correction (
    n           BIGINT PRIMARY KEY,
    office      TEXT COLLATE "C" NOT NULL,
    person      TEXT COLLATE "C" NOT NULL,            -- of the roster: who asks, about himself; '' when the names went
    about       TEXT COLLATE "C" NOT NULL,            -- which record
    wanted      TEXT COLLATE "C" NOT NULL,            -- what is right
    asked_ms    BIGINT NOT NULL,
    due_ms      BIGINT NOT NULL,            -- by law: three days
    answered_by TEXT COLLATE "C",
    answered_ms BIGINT,
    accepted    BIGINT,
    answer      TEXT COLLATE "C",
    anonymised_ms BIGINT
);
CREATE INDEX correction_person ON correction (office, person, n);
CREATE INDEX correction_open ON correction (due_ms) WHERE answered_ms IS NULL;

-- Who looked at whose record: the traces of the ledger that name an officer, to be found by him.
CREATE TABLE looked (
    n           BIGINT PRIMARY KEY,        -- the entry's number
    at_ms       BIGINT NOT NULL,
    office      TEXT COLLATE "C" NOT NULL,
    officer     TEXT COLLATE "C" NOT NULL,
    account     TEXT COLLATE "C" NOT NULL,            -- whoever looked
    what        TEXT COLLATE "C" NOT NULL,
    which       TEXT COLLATE "C" NOT NULL,
    reason      TEXT COLLATE "C" NOT NULL
);
CREATE INDEX incident_officer ON incident (office, officer, n);
CREATE INDEX exemption_officer ON exemption (office, officer, n);
CREATE INDEX looked_officer ON looked (office, officer, n);
INSERT INTO looked (n, at_ms, office, officer, account, what, which, reason)
SELECT n, time_ms, coalesce(convert_from(body, 'UTF8')::jsonb ->> 'office', ''), convert_from(body, 'UTF8')::jsonb ->> 'officer',
       coalesce(convert_from(body, 'UTF8')::jsonb ->> 'actor', ''),
       coalesce(convert_from(body, 'UTF8')::jsonb ->> 'what', convert_from(body, 'UTF8')::jsonb ->> 'act', ''),
       coalesce(convert_from(body, 'UTF8')::jsonb ->> 'which', ''), coalesce(convert_from(body, 'UTF8')::jsonb ->> 'reason', '')
FROM ledger WHERE kind = 'trace' AND (convert_from(body, 'UTF8')::jsonb ->> 'officer') IS NOT NULL;
