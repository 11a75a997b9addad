//! What people and programs do on the applicants' side, what comes of it, and why not.

use serde::{Deserialize, Serialize};

use super::gate::{Answer, Holder};
use crate::engine::event::OfficeId;
use crate::engine::time::Moment;
use crate::engine::visit::{Appointment, Care, Errand};

/// So many bookings come in one order.
pub const ISSUED_MAX: usize = 200;
/// Whoever lets somebody in against the rules says why in so many characters at least.
pub const REASON_MIN: usize = 8;
const REASON_MAX: usize = 300;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct VisitOrder {
    /// May be left out where there is one office.
    #[serde(default)]
    pub office: Option<OfficeId>,
    /// Who does it: an id, for the trace.
    pub by: String,
    pub what: Act,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Issues what is new, changes what is known and differs; one without a code gets one.
    Issue {
        bookings: Vec<Appointment>,
    },
    Cancel {
        booking: String,
    },
    Ready {
        booking: String,
        until: Moment,
    },
    Collected {
        booking: String,
    },
    Scan(Scanned),
    Left {
        gate: String,
        code: String,
    },
}

/// What the gate's officer has before him.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Scanned {
    pub gate: String,
    pub code: String,
    #[serde(default)]
    pub errand: Option<Errand>,
    #[serde(default)]
    pub companions: u32,
    #[serde(default)]
    pub holder: Holder,
    /// Let in whatever the rules say, for this reason.
    #[serde(default)]
    pub reason: Option<String>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// The code of each booking, in their order, and what became of it.
    Issued {
        codes: Vec<(String, Issued)>,
    },
    Written {
        booking: String,
    },
    Answered(Answered),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Issued {
    New,
    Changed,
    Unchanged,
}

/// What the gate's officer is told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Answered {
    pub answer: Answer,
    /// Let in: by the rules, or by a person against them.
    pub admitted: bool,
    /// Against the rules.
    pub overridden: bool,
    pub booking: Option<Known>,
}

/// What of a booking the gate sees.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Known {
    pub code: String,
    pub initials: String,
    pub service: String,
    pub care: Option<Care>,
    pub from: Moment,
    pub until: Moment,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    #[error("there is no office \"{0}\" here: name one of the rosters'")]
    NoOffice(String),
    #[error("no booking has the code \"{0}\"")]
    NoBooking(String),
    #[error("the reason is too short or too long: say in 8 to 300 characters why somebody is let in against the rules")]
    NoReason,
    #[error("an order carries 200 bookings at most: send the others in another one")]
    TooMany,
    #[error("the code cannot be read: letters and digits only, 4 to 24 of them")]
    NoCode,
    #[error("the monitor is stopping, and nothing was written: try again")]
    NotWritten,
}

pub type VisitAnswer = Result<Done, Refusal>;

/// A reason that says something.
pub fn reason(said: &str) -> Result<Box<str>, Refusal> {
    let said: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let said = said.trim();
    let length = said.chars().count();
    (REASON_MIN..=REASON_MAX)
        .contains(&length)
        .then(|| said.into())
        .ok_or(Refusal::NoReason)
}
