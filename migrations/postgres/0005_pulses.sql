-- As SQLite's, where it is explained.
DROP INDEX ledger_identity;
CREATE INDEX ledger_identity ON ledger (identity) WHERE kind <> 'pulse';
