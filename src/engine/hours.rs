//! Whose word on the office's hours counts: each roster states a calendar from a moment on, and of those that reach a
//! moment the one that came into force last is right about it.

use std::sync::Arc;

use super::Engine;
use super::calendar::Phase;
use super::ops::{Act, bare_op};
use super::roster::Roster;
use super::time::Moment;

/// A roster's calendar, as a word on the office's hours.
#[derive(Clone, Debug)]
pub(crate) struct Stated {
    pub roster: Arc<Roster>,
    /// A later word has a higher rank.
    pub rank: usize,
}

impl Stated {
    pub fn at(&self, moment: Moment) -> Phase {
        let office = &self.roster.office;
        match &office.calendar {
            Some(calendar) => calendar.at(moment, office.zone),
            None => Phase::ALWAYS,
        }
    }
}

impl Roster {
    /// From when on its calendar says itself to be the truth.
    pub fn calendar_from(&self) -> Option<Moment> {
        let calendar = self.office.calendar.as_ref()?;
        calendar.begins(self.office.zone)
    }

    /// Whether both say the same of the office's hours.
    fn keeps_hours_of(&self, other: &Roster) -> bool {
        (&self.office.calendar, self.office.zone) == (&other.office.calendar, other.office.zone)
    }
}

impl Engine {
    /// A changed calendar judges again no more than this much before its activation: what lies further back is settled.
    pub fn judge_again_within(&mut self, keep_ms: i64) {
        self.again_ms = keep_ms;
    }

    /// Lets the calendar of a roster that comes into force at `at` count from when it says, if it is another than that of
    /// the roster before it.
    pub(super) fn state_hours(&mut self, at: Moment, roster: &Arc<Roster>) {
        let rank = self.rules.len();
        if roster.keeps_hours_of(self.roster()) {
            return;
        }
        let unsettled = at.plus_ms(-self.again_ms).max(self.fold.settled().plus_ms(1));
        let from = roster.calendar_from().map_or(at, |from| from.max(unsettled));
        self.calendar_changed |= from < at && from <= self.fold.state.now;
        let stated = Stated {
            roster: roster.clone(),
            rank,
        };
        let device = self.rules_device();
        self.add.push(bare_op(from, device, Act::Hours(Arc::new(stated))));
    }
}
