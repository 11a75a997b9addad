//! What an entry of kind `retention` says: what was taken out of the database, why, and by what it can be told that what
//! was kept in its place is as it was. An entry of the ledger cannot be taken back, so neither can the announcement.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Hash;

/// The body of the entry, as JSON.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Announcement {
    /// The kind of what went, a key of the section `[retention]`; `run` sums a run up, and nothing goes with it.
    pub why: String,
    /// What is older than this was to go (RFC 3339, UTC).
    pub until: String,
    /// How many of which kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, u64>,
    /// Entries of the ledger that are gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<Gone>,
    /// Earlier entries of this kind whose coverage is gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coverage_of: Vec<i64>,
}

/// Entries that are gone, by the hashes of what is kept in their place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Gone {
    pub first: i64,
    pub last: i64,
    pub count: u64,
    /// SHA-256 of the bridges, and of the coverage, in hexadecimal.
    pub bridges: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<String>,
}

impl Announcement {
    /// What `why` is where a run is summed up.
    pub const RUN: &str = "run";
}

/// As an announcement names what is kept.
pub fn digest(bytes: &[u8]) -> String {
    Hash(Sha256::digest(bytes).into()).to_string()
}
