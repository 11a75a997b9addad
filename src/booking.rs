//! Ring 1: who has booked, who was let in, and who may be. Folding the events of the applicants' side gives it, in any
//! order of their arrival.

pub mod code;
pub mod gate;
pub mod import;
pub mod message;
pub mod order;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::engine::event::{Event, Kind};
use crate::engine::time::Moment;
use crate::engine::visit::{Appointment, Errand, Visit, canonical};

const DAY_MS: i64 = 86_400_000;
/// A booking of which nothing was heard for so long is nobody's question any more.
const KEEP_MS: i64 = 90 * DAY_MS;
/// What is remembered of bookings that were never issued here, beyond which a gate's events of them change nothing.
const STRANGERS_MAX: usize = 10_000;

/// What an office may change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// So long before the arrival window somebody is let in.
    pub early_ms: i64,
    /// So long after it.
    pub late_ms: i64,
    /// Who went out may come back for so long.
    pub back_ms: i64,
    /// The same code at the same gate within so long is one scan.
    pub twice_ms: i64,
    /// A number is erased so long after its passport was collected, or after its booking was over.
    pub number_ms: i64,
}

impl Default for Terms {
    fn default() -> Terms {
        Terms {
            early_ms: 30 * 60_000,
            late_ms: 15 * 60_000,
            back_ms: 60 * 60_000,
            twice_ms: 10_000,
            number_ms: 30 * DAY_MS,
        }
    }
}

/// Somebody who came in, and out again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Admission {
    pub at: Moment,
    pub gate: Box<str>,
    pub errand: Errand,
    pub left: Option<Moment>,
}

/// What is known of a booking.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Booking {
    /// `None`: a gate spoke of it and nobody issued it here.
    pub appointment: Option<Appointment>,
    /// It was issued otherwise before.
    pub changed: bool,
    pub cancelled: bool,
    pub admissions: Vec<Admission>,
    /// The last day on which the passport can be collected, once it is ready.
    pub ready_until: Option<Moment>,
    pub collected: Option<Moment>,
    /// All that was told of it, in the order of time.
    told: Vec<Told>,
}

#[derive(Clone, PartialEq, Debug)]
struct Told {
    at: Moment,
    source: Box<str>,
    id: Box<str>,
    visit: Visit,
}

/// Where a booking stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum State {
    Issued,
    Changed,
    Cancelled,
    /// Its window is over, and nobody came.
    Lapsed,
    /// Its holder was let in.
    Used,
    Ready,
    Collected,
}

impl State {
    pub const ALL: [State; 7] = [
        State::Issued,
        State::Changed,
        State::Cancelled,
        State::Lapsed,
        State::Used,
        State::Ready,
        State::Collected,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            State::Issued => "issued",
            State::Changed => "changed",
            State::Cancelled => "cancelled",
            State::Lapsed => "lapsed",
            State::Used => "used",
            State::Ready => "ready",
            State::Collected => "collected",
        }
    }

    pub fn parse(text: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

impl Booking {
    pub fn state(&self, terms: &Terms, now: Moment) -> State {
        if self.collected.is_some() {
            return State::Collected;
        }
        if self.ready_until.is_some() {
            return State::Ready;
        }
        if self.admissions.iter().any(|one| one.errand == Errand::Service) {
            return State::Used;
        }
        if self.cancelled {
            return State::Cancelled;
        }
        match &self.appointment {
            Some(one) if now > one.until.plus_ms(terms.late_ms) => State::Lapsed,
            _ if self.changed => State::Changed,
            _ => State::Issued,
        }
    }

    /// Let in twice for the same without having left: two gates that knew nothing of each other.
    pub fn is_twin(&self) -> bool {
        self.admissions
            .windows(2)
            .any(|two| two[0].errand == two[1].errand && two[0].left.is_none_or(|left| left > two[1].at))
    }

    /// From when on its number is kept no longer.
    pub fn number_until(&self, terms: &Terms) -> Option<Moment> {
        let over = self.appointment.as_ref()?.until;
        let last = match (self.collected, self.ready_until) {
            (Some(collected), _) => collected,
            (None, Some(ready)) => ready.max(over),
            // The passport may still be in the making: what is not collected is cancelled after 30 days.
            (None, None) => over.plus_ms(terms.number_ms),
        };
        Some(last.plus_ms(terms.number_ms))
    }

    /// When it was last heard of.
    pub fn last(&self) -> Moment {
        self.told.last().map_or(Moment::MIN, |told| told.at)
    }

    fn take(&mut self, told: Told) {
        let key = |told: &Told| (told.at, told.source.clone(), told.id.clone());
        let place = self.told.partition_point(|other| key(other) <= key(&told));
        self.told.insert(place, told);
        self.fold();
    }

    /// Everything that is known, out of everything that was told.
    fn fold(&mut self) {
        let told = std::mem::take(&mut self.told);
        *self = Booking::default();
        for one in &told {
            self.apply(one);
        }
        self.told = told;
    }

    fn apply(&mut self, told: &Told) {
        let gate = |said: &Option<Box<str>>| said.clone().unwrap_or_else(|| told.source.clone());
        match &told.visit {
            Visit::Issued(one) => {
                // Issued again, it stands again.
                self.cancelled = false;
                self.appointment = Some(one.clone());
            }
            Visit::Changed(one) => {
                self.changed = true;
                self.appointment = Some(one.clone());
            }
            Visit::Cancelled { .. } => self.cancelled = true,
            Visit::Ready { until, .. } => self.ready_until = Some(*until),
            Visit::Collected { .. } => self.collected = Some(self.collected.map_or(told.at, |at| at.min(told.at))),
            Visit::Admitted(passage) => {
                let errand = passage.errand.unwrap_or(Errand::Service);
                self.admissions.push(Admission {
                    at: told.at,
                    gate: gate(&passage.gate),
                    errand,
                    left: None,
                });
            }
            Visit::Refused(_) => {}
            Visit::Left(_) => {
                // Whoever is inside twice leaves once.
                for one in self.admissions.iter_mut().filter(|one| one.left.is_none()) {
                    one.left = Some(told.at);
                }
            }
        }
    }
}

/// All bookings of one office.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Registry {
    of: BTreeMap<Box<str>, Booking>,
    /// How many of them nobody issued.
    strangers: usize,
}

impl Registry {
    /// Takes an event in; answers the code of the booking it changes, if it is one of the applicants' side.
    pub fn take(&mut self, event: &Event) -> Option<Box<str>> {
        let Kind::Visit(visit) = &event.kind else {
            return None;
        };
        let code: Box<str> = visit.booking().into();
        let known = self.of.get(&code).map(|booking| booking.appointment.is_some());
        let is_issued = matches!(**visit, Visit::Issued(_) | Visit::Changed(_));
        if known.is_none() && !is_issued {
            // Whoever tries codes at a gate fills nothing.
            if matches!(**visit, Visit::Refused(_)) || self.strangers >= STRANGERS_MAX {
                return None;
            }
        }
        let booking = self.of.entry(code.clone()).or_default();
        booking.take(Told {
            at: event.time,
            source: event.device.as_str().into(),
            id: event.id.clone(),
            visit: (**visit).clone(),
        });
        match (known, booking.appointment.is_some()) {
            (None, false) => self.strangers += 1,
            (Some(false), true) => self.strangers -= 1,
            _ => {}
        }
        Some(code)
    }

    pub fn booking(&self, code: &str) -> Option<&Booking> {
        self.of.get(code)
    }

    /// The booking that a text names, as hands write and scanners read it.
    pub fn find(&self, text: &str) -> Option<(&str, &Booking)> {
        let code = canonical(text)?;
        let found = self.of.get_key_value(&code).or_else(|| {
            // Ours has no letters that look like digits.
            self.of.get_key_value(&*code::folded(&code))
        })?;
        Some((found.0, found.1))
    }

    pub fn len(&self) -> usize {
        self.of.len()
    }

    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// Gives up what is long over; answers the codes.
    pub fn forget(&mut self, now: Moment) -> Vec<Box<str>> {
        let before = now.plus_ms(-KEEP_MS);
        let over = |booking: &Booking| {
            let until = booking.appointment.as_ref().map_or(Moment::MIN, |one| one.until);
            booking
                .last()
                .max(until)
                .max(booking.ready_until.unwrap_or(Moment::MIN))
                < before
        };
        let gone: Vec<Box<str>> = self
            .of
            .iter()
            .filter(|(_, booking)| over(booking))
            .map(|(code, _)| code.clone())
            .collect();
        for code in &gone {
            self.of.remove(code);
        }
        self.strangers = self.of.values().filter(|booking| booking.appointment.is_none()).count();
        gone
    }
}
