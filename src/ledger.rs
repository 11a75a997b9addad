//! Ring 1: the hash chain.
