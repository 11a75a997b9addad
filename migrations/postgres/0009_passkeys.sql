-- Passkeys: keys that only show who holds the other half.
CREATE TABLE passkey (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,    -- the credential's, in hexadecimal
    account     TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    name        TEXT COLLATE "C" NOT NULL,                -- what its owner calls it
    public      BYTEA  NOT NULL,                -- a point of P-256, or a key of RSA
    count       BIGINT NOT NULL,                -- how often its authenticator had signed
    created_ms  BIGINT NOT NULL,
    used_ms     BIGINT                          -- NULL: never
);
CREATE INDEX passkey_account ON passkey (account);

-- Whom an OpenID provider vouches for: its issuer, a blank, and its name for him. NULL: nobody but us.
ALTER TABLE account ADD COLUMN subject TEXT COLLATE "C";
CREATE UNIQUE INDEX account_subject ON account (subject);
