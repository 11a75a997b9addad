-- Who may sign in. Passwords, sessions and links stand here as hashes alone, seeds of one-time codes sealed.
CREATE TABLE account (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name        TEXT COLLATE "C" NOT NULL UNIQUE,     -- what he signs in with, in small letters
    office      TEXT COLLATE "C",                       -- whose roster knows him …
    person      TEXT COLLATE "C",                       -- … and under which id
    email       TEXT COLLATE "C",
    language    TEXT COLLATE "C" NOT NULL,
    password    TEXT COLLATE "C",                       -- argon2id; NULL: none yet
    seed        BYTEA,                      -- of one-time codes, sealed with the key beside the database
    seed_step   BIGINT NOT NULL,            -- the step of the last code that was used
    recovery    TEXT COLLATE "C" NOT NULL,            -- JSON list of hashes; each is good once
    state       TEXT COLLATE "C" NOT NULL,            -- active | disabled
    version     BIGINT NOT NULL,            -- counts its changes
    created_ms  BIGINT NOT NULL,
    changed_ms  BIGINT NOT NULL
);
CREATE TABLE role_grant (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account     TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    role        TEXT COLLATE "C" NOT NULL,            -- officer | supervisor | integrity | auditor | technician | administrator
    office      TEXT COLLATE "C",
    deputy_of   TEXT COLLATE "C",                       -- whom he stands in for
    begins_ms   BIGINT NOT NULL,
    ends_ms     BIGINT,
    granted_ms  BIGINT NOT NULL
);
CREATE INDEX role_grant_account ON role_grant (account);

-- Who is signed in, by the SHA-256 of what the browser holds. No part of backups.
CREATE TABLE session (
    hash        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account     TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    created_ms  BIGINT NOT NULL,
    seen_ms     BIGINT NOT NULL,
    proved_ms   BIGINT NOT NULL,            -- when he last proved who he is
    address     TEXT COLLATE "C" NOT NULL,
    agent       TEXT COLLATE "C" NOT NULL
);
CREATE INDEX session_account ON session (account);

-- Links that were sent out, by the SHA-256 of what stands in them. No part of backups.
CREATE TABLE account_link (
    hash        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account     TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    purpose     TEXT COLLATE "C" NOT NULL,            -- invitation | reset
    expires_ms  BIGINT NOT NULL
);
CREATE INDEX account_link_account ON account_link (account);
