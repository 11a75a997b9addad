-- By what a verdict was judged: the hash of its policy's content, and the version of the engine. NULL: from before this.
ALTER TABLE verdict ADD COLUMN policy_hash TEXT COLLATE "C";
ALTER TABLE verdict ADD COLUMN engine TEXT COLLATE "C";
