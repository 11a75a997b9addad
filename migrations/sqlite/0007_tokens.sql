-- By what programs come in: the SHA-256 of what they hold. No part of backups, so that a backup opens no door.
CREATE TABLE api_token (
    id          TEXT   NOT NULL PRIMARY KEY,
    account     TEXT   NOT NULL REFERENCES account (id),
    name        TEXT   NOT NULL,            -- what its owner calls it
    hash        TEXT   NOT NULL UNIQUE,
    parts       TEXT   NOT NULL,            -- JSON list: cases | service | devices
    created_ms  BIGINT NOT NULL,
    expires_ms  BIGINT NOT NULL,
    used_ms     BIGINT                      -- NULL: never
);
CREATE INDEX api_token_account ON api_token (account);
