//! What is kept of accounts, one struct a row, and what may change of it.

use crate::accounts::{Grant, Holder};
use crate::engine::roster::Language;
use crate::engine::time::Moment;

/// Somebody who may sign in, or could.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    pub id: String,
    /// In small letters.
    pub name: String,
    pub holder: Holder,
    pub email: Option<String>,
    pub language: Language,
    /// argon2id, as text; `None`: he has chosen none yet.
    pub password: Option<String>,
    pub seed: Option<Seed>,
    /// Hashes of codes to recover with.
    pub recovery: Vec<String>,
    /// Whom an OpenID provider vouches for: its issuer, a blank, and its name for him.
    pub subject: Option<String>,
    pub disabled: bool,
    /// Its holder is gone: nothing of him is left but an id. It stays disabled.
    pub erased: bool,
    /// Counts its changes: who changes it says which one he saw.
    pub version: i64,
    pub created: Moment,
    pub changed: Moment,
}

/// Of one-time codes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seed {
    pub sealed: Vec<u8>,
    /// No code of this step or an earlier one is taken.
    pub last_step: i64,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GrantRow {
    pub id: String,
    pub account: String,
    pub grant: Grant,
    pub granted: Moment,
}

/// A browser that is signed in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// SHA-256 of what the browser holds, in hexadecimal.
    pub hash: String,
    pub account: String,
    pub created: Moment,
    pub seen: Moment,
    /// When he last proved who he is.
    pub proved: Moment,
    pub address: String,
    pub agent: String,
}

/// A link that was sent out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    pub hash: String,
    pub account: String,
    pub purpose: Purpose,
    pub expires: Moment,
}

/// By what a program comes in for somebody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApiToken {
    pub id: String,
    pub account: String,
    pub name: String,
    /// SHA-256 of what the program holds, in hexadecimal.
    pub hash: String,
    pub parts: Vec<Part>,
    pub created: Moment,
    pub expires: Moment,
    pub used: Option<Moment>,
}

/// A key that only shows who holds the other half.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Passkey {
    /// The credential's, in hexadecimal.
    pub id: String,
    pub account: String,
    pub name: String,
    /// A point of P-256, or a key of RSA.
    pub public: Vec<u8>,
    /// How often its authenticator had signed.
    pub count: i64,
    pub created: Moment,
    pub used: Option<Moment>,
}

/// What a token may read, and what it may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// Verdicts, which name officers.
    Cases,
    /// Minutes of service.
    Service,
    /// What people did and looked at.
    Traces,
    /// Devices, their clocks and gaps, and the policies in force.
    Devices,
    /// Acting on cases and exemptions in its owner's name.
    Orders,
}

impl Part {
    pub const ALL: [Part; 5] = [Part::Cases, Part::Service, Part::Devices, Part::Traces, Part::Orders];

    pub fn as_str(self) -> &'static str {
        match self {
            Part::Cases => "cases",
            Part::Service => "service",
            Part::Devices => "devices",
            Part::Traces => "traces",
            Part::Orders => "orders",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    Invitation,
    Reset,
}

impl Purpose {
    pub fn as_str(self) -> &'static str {
        match self {
            Purpose::Invitation => "invitation",
            Purpose::Reset => "reset",
        }
    }
}

/// What is then; written over whatever stood there.
#[derive(Clone, PartialEq, Debug)]
pub enum Change {
    Account(Box<Account>),
    Grant(GrantRow),
    /// A new one; there never was one of its hash.
    Session(Session),
    Seen {
        session: String,
        at: Moment,
    },
    EndSession(String),
    /// All of an account, but perhaps one.
    EndSessions {
        account: String,
        but: Option<String>,
    },
    Link(Link),
    Passkey(Passkey),
    PasskeyUsed {
        id: String,
        count: i64,
        at: Moment,
    },
    /// One of an account, or all.
    EndPasskeys {
        account: String,
        only: Option<String>,
    },
    EndLinks {
        account: String,
    },
    Token(ApiToken),
    TokenUsed {
        id: String,
        at: Moment,
    },
    EndToken(String),
    /// All of an account.
    EndTokens {
        account: String,
    },
    /// Addresses and words of letters to an account's holder; those that wait are given up.
    EraseLetters {
        account: String,
        at: Moment,
    },
    /// Sessions and links that are over.
    Forget {
        seen_before: Moment,
        created_before: Moment,
        now: Moment,
    },
}

/// What must still be so for changes to be made: somebody else may have been quicker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expect {
    Version { account: String, version: i64 },
    NameFree(String),
    Session(String),
    Token(String),
    Link(String),
}
