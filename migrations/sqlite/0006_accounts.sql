-- Who may sign in. Passwords, sessions and links stand here as hashes alone, seeds of one-time codes sealed.
CREATE TABLE account (
    id          TEXT   NOT NULL PRIMARY KEY,
    name        TEXT   NOT NULL UNIQUE,     -- what he signs in with, in small letters
    office      TEXT,                       -- whose roster knows him …
    person      TEXT,                       -- … and under which id
    email       TEXT,
    language    TEXT   NOT NULL,
    password    TEXT,                       -- argon2id; NULL: none yet
    seed        BLOB,                       -- of one-time codes, sealed with the key beside the database
    seed_step   BIGINT NOT NULL,            -- the step of the last code that was used
    recovery    TEXT   NOT NULL,            -- JSON list of hashes; each is good once
    state       TEXT   NOT NULL,            -- active | disabled
    version     BIGINT NOT NULL,            -- counts its changes
    created_ms  BIGINT NOT NULL,
    changed_ms  BIGINT NOT NULL
);
CREATE TABLE role_grant (
    id          TEXT   NOT NULL PRIMARY KEY,
    account     TEXT   NOT NULL REFERENCES account (id),
    role        TEXT   NOT NULL,            -- officer | supervisor | integrity | auditor | technician | administrator
    office      TEXT,
    deputy_of   TEXT,                       -- whom he stands in for
    begins_ms   BIGINT NOT NULL,
    ends_ms     BIGINT,
    granted_ms  BIGINT NOT NULL
);
CREATE INDEX role_grant_account ON role_grant (account);

-- Who is signed in, by the SHA-256 of what the browser holds. No part of backups.
CREATE TABLE session (
    hash        TEXT   NOT NULL PRIMARY KEY,
    account     TEXT   NOT NULL REFERENCES account (id),
    created_ms  BIGINT NOT NULL,
    seen_ms     BIGINT NOT NULL,
    proved_ms   BIGINT NOT NULL,            -- when he last proved who he is
    address     TEXT   NOT NULL,
    agent       TEXT   NOT NULL
);
CREATE INDEX session_account ON session (account);

-- Links that were sent out, by the SHA-256 of what stands in them. No part of backups.
CREATE TABLE account_link (
    hash        TEXT   NOT NULL PRIMARY KEY,
    account     TEXT   NOT NULL REFERENCES account (id),
    purpose     TEXT   NOT NULL,            -- invitation | reset
    expires_ms  BIGINT NOT NULL
);
CREATE INDEX account_link_account ON account_link (account);
