//! Policies: what they say of themselves. (Conditions are compiled in `expr`.)

use serde::{Deserialize, Serialize};

/// What a policy's verdicts are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    Indication,
    Unverifiable,
    Technical,
}

impl Class {
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Indication => "indication",
            Class::Unverifiable => "unverifiable",
            Class::Technical => "technical",
        }
    }
}

/// How urgent it is to look; never a disciplinary level.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Minor,
    Major,
    Critical,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Minor => "minor",
            Severity::Major => "major",
            Severity::Critical => "critical",
        }
    }
}

/// What a policy is judged for, one at a time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    Service,
    Session,
    Counter,
    Officer,
    Lockbox,
    Office,
}

/// Whom a policy tells.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tell {
    Supervisor,
    Integrity,
    Technician,
}

/// A text in both languages.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Title {
    pub id: String,
    pub en: String,
}

/// What every policy says of itself, whatever its condition.
#[derive(Clone, PartialEq, Debug)]
pub struct Head {
    pub id: super::event::PolicyId,
    pub title: Title,
    /// Which rule of the office it applies.
    pub basis: String,
    pub class: Class,
    pub severity: Severity,
    pub per: Per,
    /// The condition as written: of `while`, or of `on` and `where`.
    pub condition: String,
    pub for_ms: i64,
    pub bridge_ms: i64,
    /// Verdicts closer together than this are one incident.
    pub group_within_ms: i64,
    pub notify: Vec<Tell>,
}
