//! Who is let in: a pure function of a scan, what is known of its booking, and the office's terms.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::code::{self, Check};
use super::{Admission, Booking, Registry, Terms};
use crate::engine::time::Moment;
use crate::engine::visit::{Appointment, Care, Errand, canonical};

/// Whether who stands there is whose booking it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    #[default]
    Applicant,
    /// Somebody else, with a letter and his own identity card.
    Proxy,
    /// Somebody else, with nothing.
    Other,
}

/// What a gate asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scan<'a> {
    pub at: Moment,
    pub gate: &'a str,
    /// As it was typed or read.
    pub code: &'a str,
    /// `None`: whatever it can be.
    pub errand: Option<Errand>,
    pub companions: u32,
    pub holder: Holder,
}

/// What it is told, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Answer {
    // Let in.
    Welcome,
    /// Went out and comes back.
    Back {
        left: Moment,
    },
    /// The same scan again: it is already told.
    Again {
        at: Moment,
    },
    Collect,
    /// By somebody else, with a letter.
    CollectFor,
    // Not.
    Unreadable,
    /// The check character is wrong: mistyped, or made up.
    Mistyped,
    Unknown,
    Cancelled,
    OtherDay {
        date: NaiveDate,
    },
    Early {
        from: Moment,
    },
    Late {
        until: Moment,
    },
    /// Its holder is inside.
    Inside {
        at: Moment,
    },
    /// Its holder was here and has gone.
    Used {
        at: Moment,
    },
    NotReady,
    Collected {
        at: Moment,
    },
    CollectionOver {
        until: Moment,
    },
    /// Collecting for somebody takes a letter.
    NeedsLetter,
    /// For a passport one comes oneself.
    NotInPerson,
    TooMany {
        most: u32,
    },
}

impl Answer {
    pub fn admits(self) -> bool {
        use Answer::{Again, Back, Collect, CollectFor, Welcome};
        matches!(self, Welcome | Back { .. } | Again { .. } | Collect | CollectFor)
    }

    /// The word that events carry.
    pub fn as_str(self) -> &'static str {
        match self {
            Answer::Welcome => "welcome",
            Answer::Back { .. } => "back",
            Answer::Again { .. } => "again",
            Answer::Collect => "collect",
            Answer::CollectFor => "collect_for",
            Answer::Unreadable => "unreadable",
            Answer::Mistyped => "mistyped",
            Answer::Unknown => "unknown",
            Answer::Cancelled => "cancelled",
            Answer::OtherDay { .. } => "other_day",
            Answer::Early { .. } => "early",
            Answer::Late { .. } => "late",
            Answer::Inside { .. } => "inside",
            Answer::Used { .. } => "used",
            Answer::NotReady => "not_ready",
            Answer::Collected { .. } => "collected",
            Answer::CollectionOver { .. } => "collection_over",
            Answer::NeedsLetter => "needs_letter",
            Answer::NotInPerson => "not_in_person",
            Answer::TooMany { .. } => "too_many",
        }
    }
}

/// How many somebody may bring.
pub fn companions_max(care: Option<Care>) -> u32 {
    match care {
        // Both parents.
        Some(Care::Infant) => 2,
        Some(Care::Elderly | Care::Disabled) => 1,
        None => 0,
    }
}

/// Answers a scan. Nothing is changed by it.
pub fn answer(scan: &Scan<'_>, bookings: &Registry, terms: &Terms, zone: Tz) -> Answer {
    let Some(written) = canonical(scan.code) else {
        return Answer::Unreadable;
    };
    let found = bookings.find(scan.code);
    let known = found.and_then(|(_, booking)| Some((booking, booking.appointment.as_ref()?)));
    let Some((booking, appointment)) = known else {
        return match code::check_of(&written) {
            Check::Wrong => Answer::Mistyped,
            Check::Right | Check::Foreign => Answer::Unknown,
        };
    };
    // Whatever else may be said, the same scan has its answer.
    if let Some(last) = booking.admissions.last()
        && last.left.is_none()
        && last.gate.as_ref() == scan.gate
        && (0..=terms.twice_ms).contains(&scan.at.ms_since(last.at))
    {
        return Answer::Again { at: last.at };
    }
    let errand = scan.errand.unwrap_or(match booking.ready_until {
        Some(_) => Errand::Collection,
        None => Errand::Service,
    });
    match errand {
        Errand::Collection => collection(scan, booking),
        Errand::Service => service(scan, booking, appointment, terms, zone),
    }
}

fn inside(booking: &Booking, errand: Errand) -> Option<&Admission> {
    let mut of_errand = booking.admissions.iter().filter(|one| one.errand == errand);
    of_errand.find(|one| one.left.is_none())
}

fn collection(scan: &Scan<'_>, booking: &Booking) -> Answer {
    if let Some(at) = booking.collected {
        return Answer::Collected { at };
    }
    let Some(until) = booking.ready_until else {
        return Answer::NotReady;
    };
    if scan.at > until {
        return Answer::CollectionOver { until };
    }
    if let Some(one) = inside(booking, Errand::Collection) {
        return Answer::Inside { at: one.at };
    }
    if scan.companions > 0 {
        return Answer::TooMany { most: 0 };
    }
    match scan.holder {
        Holder::Applicant => Answer::Collect,
        Holder::Proxy => Answer::CollectFor,
        Holder::Other => Answer::NeedsLetter,
    }
}

fn service(scan: &Scan<'_>, booking: &Booking, appointment: &Appointment, terms: &Terms, zone: Tz) -> Answer {
    if booking.cancelled {
        return Answer::Cancelled;
    }
    if scan.holder != Holder::Applicant {
        return Answer::NotInPerson;
    }
    if let Some(one) = inside(booking, Errand::Service) {
        return Answer::Inside { at: one.at };
    }
    let day = |at: Moment| at.local(zone).date_naive();
    let of_service = booking.admissions.iter().filter(|one| one.errand == Errand::Service);
    if let Some(one) = of_service.max_by_key(|one| one.at) {
        return match one.left {
            Some(left) if scan.at.ms_since(left) <= terms.back_ms && day(left) == day(scan.at) => Answer::Back { left },
            _ => Answer::Used { at: one.at },
        };
    }
    let (from, until) = (appointment.from, appointment.until);
    if day(from) != day(scan.at) && day(until) != day(scan.at) {
        return Answer::OtherDay { date: day(from) };
    }
    if scan.at < from.plus_ms(-terms.early_ms) {
        return Answer::Early { from };
    }
    if scan.at > until.plus_ms(terms.late_ms) {
        return Answer::Late { until };
    }
    let most = companions_max(appointment.care);
    if scan.companions > most {
        return Answer::TooMany { most };
    }
    Answer::Welcome
}
