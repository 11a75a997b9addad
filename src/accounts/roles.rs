//! Roles: what somebody is, in which office, from when until when, and in whose place.

use crate::engine::event::OfficeId;
use crate::engine::time::Moment;

/// What an account may be. Words and rights are those of docs/security.md.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees what is said of himself.
    Officer,
    /// Sees his own unit, neither himself nor those above him.
    Supervisor,
    /// Sees whole offices.
    Integrity,
    /// Reads everything and changes nothing.
    Auditor,
    /// Sees devices, and nobody's name.
    Technician,
    /// Looks after accounts and sees no case.
    Administrator,
    /// Lets applicants in, and sees nothing else.
    Gate,
    /// Opens who reported something, with a reason, and sees nothing else.
    Custodian,
}

impl Role {
    pub const ALL: [Role; 8] = [
        Role::Officer,
        Role::Supervisor,
        Role::Integrity,
        Role::Auditor,
        Role::Technician,
        Role::Administrator,
        Role::Gate,
        Role::Custodian,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Role::Officer => "officer",
            Role::Supervisor => "supervisor",
            Role::Integrity => "integrity",
            Role::Auditor => "auditor",
            Role::Technician => "technician",
            Role::Administrator => "administrator",
            Role::Gate => "gate",
            Role::Custodian => "custodian",
        }
    }

    /// In Indonesian and English.
    pub fn names(self) -> [&'static str; 2] {
        match self {
            Role::Officer => ["Petugas", "Officer"],
            Role::Supervisor => ["Atasan", "Supervisor"],
            Role::Integrity => ["Kepatuhan internal", "Integrity"],
            Role::Auditor => ["Auditor", "Auditor"],
            Role::Technician => ["Teknisi", "Technician"],
            Role::Administrator => ["Pengelola akun", "Administrator"],
            Role::Gate => ["Petugas gerbang", "Gate"],
            Role::Custodian => ["Pemegang segel", "Custodian"],
        }
    }

    pub fn parse(text: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// Whether a password alone is too little for it: it shows other people's records, or makes who sees them.
    pub fn needs_codes(self) -> bool {
        !matches!(self, Role::Officer | Role::Technician)
    }

    /// Whether the role is of one office at least: without one it reaches nothing.
    pub fn needs_office(self) -> bool {
        !matches!(self, Role::Auditor | Role::Administrator)
    }

    /// Whether the role is of a person in the roster.
    pub fn needs_person(self) -> bool {
        matches!(self, Role::Officer | Role::Supervisor)
    }
}

/// A role that an account has for a while.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grant {
    pub role: Role,
    /// `None`: of every office, which only an auditor and an administrator can be; for the others, of the account's own.
    pub office: Option<OfficeId>,
    /// Roster id of whom he stands in for; `None`: he is it himself.
    pub deputy_of: Option<String>,
    pub begins: Moment,
    /// From then on it counts no more.
    pub ends: Option<Moment>,
}

impl Grant {
    pub fn counts_at(&self, now: Moment) -> bool {
        self.begins <= now && self.ends.is_none_or(|ends| now < ends)
    }
}

/// Whose account it is: an entry of a roster, or nobody of it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Holder {
    pub office: Option<OfficeId>,
    pub person: Option<String>,
}
