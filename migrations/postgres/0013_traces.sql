-- What people did and looked at is read the newest first, among many other entries.
CREATE INDEX ledger_traces ON ledger (n) WHERE kind = 'trace';
