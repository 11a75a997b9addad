//! Ring 1: letters. Every word that people read in a mail stands in this folder, in Indonesian and English.
//!
//! A letter is a pure function of what happened, of the roster and of whom it is for; nothing here knows a
//! clock, a database or a mail server. No applicant's data ever enters: booking codes of events are left out.

pub mod account;
mod bulletin;
mod checks;
pub mod clock;
pub mod correction;
mod decision;
mod evidence;
mod html;
mod outcome;
pub mod pattern;
mod policies;
pub mod samples;
pub mod several;
pub mod sheet;
pub mod signal;
pub mod summary;
mod text;
pub mod wording;
pub mod words;

#[cfg(test)]
mod tests;

use crate::engine::event::{DeviceId, Kind};
use crate::engine::policy::Head;
use crate::engine::roster::{Language, Person, Role, Roster};
use crate::engine::time::Moment;
use crate::engine::verdict::Reason;
use crate::store::rows::{IncidentRow, LetterKind};

pub use clock::{duration, zone_name};
pub use decision::{decision, role};
pub use evidence::describe;

/// What letters say of the installation itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct House {
    /// Where people reach the dashboard, without a slash at the end, e.g. `https://jagaloket.kanim.example`.
    pub base_url: String,
    /// The right-hand side of Message-IDs.
    pub domain: String,
    /// What offices say otherwise.
    pub wording: wording::Wordings,
    /// Letters are not worded, only that there is one counts: for a backtest.
    pub counts_alone: bool,
}

/// One event a verdict rests on, resolved from its reference.
#[derive(Clone, PartialEq, Debug)]
pub struct EvidenceLine {
    /// The event's effective time.
    pub at: Moment,
    pub device: DeviceId,
    pub kind: Kind,
}

/// The interval of one verdict of an incident.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stretch {
    /// The verdict's number.
    pub verdict: i64,
    pub since: Moment,
    pub opened: Moment,
    /// `None` while it holds.
    pub until: Option<Moment>,
    pub counter: Option<DeviceId>,
}

/// Why a letter is written: what is new in it since the letter before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// The first verdict of the incident; it still holds.
    FirstVerdict,
    /// The first word of the incident, and it is over already (short, or known late).
    FirstVerdictAlreadyOver,
    /// A late event separated this incident from another.
    SplitFrom(i64),
    /// A late event separated verdicts of this incident into others.
    SplitOff(Vec<i64>),
    /// The same happened again, close enough to be one incident.
    FurtherVerdict,
    /// What had ended goes on.
    Resumed,
    /// Beginning, end or moment of opening were corrected.
    IntervalCorrected,
    /// Some of the verdicts were withdrawn, others stand.
    PartWithdrawn,
    /// A late event joined other incidents to this one.
    Joined(Vec<i64>),
    /// All had been withdrawn; now something stands again.
    Restored,
    /// Something changed while the monitor was restarted; the letter says what stands.
    CaughtUp,
    /// Nothing of it holds any more.
    Over,
    /// All verdicts are withdrawn.
    AllWithdrawn,
    /// Nobody has answered since then.
    Unanswered(Moment),
    /// Somebody proposes to dismiss it, and a second person must agree.
    SecondNeeded,
    Decided(Decided),
}

/// What people decided of an incident.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decided {
    Finding,
    Dismissed,
    Proven,
    NotProven,
    /// A reviewer left the decision as it was.
    Upheld,
    /// A reviewer took it back.
    Granted,
}

/// Whom a letter is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Addressee<'a> {
    /// `None`: the person has left the roster since he was first told.
    pub role: Option<Role>,
    /// `None`: he has left the roster.
    pub name: Option<&'a str>,
    pub language: Language,
}

impl<'a> Addressee<'a> {
    pub fn of(person: &'a Person) -> Addressee<'a> {
        Addressee {
            role: Some(person.role),
            name: Some(&person.name),
            language: person.language,
        }
    }
}

/// Everything a letter is made of.
#[derive(Clone, Debug)]
pub struct Matter<'a> {
    pub kind: LetterKind,
    pub changes: &'a [Change],
    /// Why the engine changed its word, where it did.
    pub reason: Option<Reason>,
    pub incident: &'a IncidentRow,
    pub policy: &'a Head,
    pub roster: &'a Roster,
    /// What stands, in order of time; of a retraction: what stood.
    pub stretches: &'a [Stretch],
    /// In order of time.
    pub evidence: &'a [EvidenceLine],
    pub to: Addressee<'a>,
    pub house: &'a House,
    /// When the letter is written.
    pub now: Moment,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rendered {
    /// Names nobody. Follow-ups use the first letter's subject instead of their own.
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// Writes a letter, text and HTML of the same content.
pub fn render(matter: &Matter<'_>) -> Rendered {
    let sheet = sheet::Sheet::write(matter);
    Rendered {
        subject: words::subject(matter),
        text: text::lay_out(&sheet),
        html: html::lay_out(&sheet),
    }
}
