//! Ring 1: a simulated office, from one seed: the same seed, the same bytes.

mod applicants;
mod day;
pub mod demo;
mod disorder;
mod draft;
mod mishaps;
mod sitting;

use std::io;
use std::sync::Arc;

use chrono::{Datelike as _, Days, NaiveDate};

use crate::engine::event::Event;
use crate::engine::roster::Roster;
use crate::wire;

/// What is simulated.
#[derive(Clone, Debug)]
pub struct Plan {
    pub roster: Arc<Roster>,
    pub seed: u64,
    /// The first calendar day.
    pub from: NaiveDate,
    /// Working days; the office is closed at weekends.
    pub days: u32,
    pub troubles: Troubles,
    /// Events arrive in another order: offline buffers come up to an hour late, and some events twice.
    pub disorder: bool,
    /// Lockboxes stay switched on at night and at weekends, until the last day ends.
    pub nights: bool,
}

/// How much goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Troubles {
    /// Nothing.
    None,
    #[default]
    Usual,
    /// Several times the usual.
    Many,
    /// So much that hardly an hour passes without.
    Wild,
}

impl Troubles {
    /// How likely something is that usually happens with probability `usual`.
    fn probability(self, usual: f64) -> f64 {
        match self {
            Troubles::None => 0.0,
            Troubles::Usual => usual,
            Troubles::Many => (usual * 5.0).min(0.9),
            Troubles::Wild => (usual * 40.0).min(0.9),
        }
    }
}

/// What was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    pub days: u64,
    pub events: u64,
}

impl Plan {
    /// The events of one working day after another, each in order of time, or of arrival where there is disorder.
    pub fn days(&self) -> impl Iterator<Item = Vec<Event>> + '_ {
        let calendar = (0..).map_while(|n| Some((n, self.from.checked_add_days(Days::new(u64::from(n)))?)));
        let open = calendar.filter(|(_, date)| is_working_day(*date));
        open.take(self.days as usize).enumerate().map(|(count, (n, date))| {
            let morning = date.iter_days().skip(1).find(|date| is_working_day(*date));
            let until = match (self.nights, morning) {
                (false, _) => Until::Closing,
                (true, Some(morning)) if count + 1 < self.days as usize => Until::Morning(morning),
                (true, _) => Until::Last,
            };
            let day = self.day_until(n, until);
            match self.disorder {
                true => disorder::disorder(day, fastrand::Rng::with_seed(self.seed ^ u64::from(n))),
                false => day,
            }
        })
    }

    /// The same, event by event; no more than a day is held.
    pub fn events(&self) -> impl Iterator<Item = Event> + '_ {
        self.days().flatten()
    }

    /// The events of the `n`th calendar day, in order of time; none on a day the office is closed.
    pub fn day(&self, n: u32) -> Vec<Event> {
        self.day_until(n, Until::Closing)
    }

    fn day_until(&self, n: u32, lockboxes: Until) -> Vec<Event> {
        let Some(date) = self.from.checked_add_days(Days::new(u64::from(n))) else {
            return Vec::new();
        };
        if !is_working_day(date) {
            return Vec::new();
        }
        // Each day has numbers of its own, so that a day does not depend on those before it.
        let seed = self.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ u64::from(n).wrapping_mul(0xD1B5_4A32_D192_ED03);
        let rng = fastrand::Rng::with_seed(seed);
        day::simulate(&self.roster, date, self.troubles, lockboxes, rng)
    }
}

/// How long the lockboxes are on.
#[derive(Clone, Copy)]
enum Until {
    /// They are switched off at closing time, the workstations a little later.
    Closing,
    /// They are the last to be switched off.
    Last,
    /// They are on until another morning.
    Morning(NaiveDate),
}

fn is_working_day(date: NaiveDate) -> bool {
    date.weekday().number_from_monday() <= 5
}

/// Writes all days as lines of JSON, a day at a time.
pub fn write(plan: &Plan, out: &mut impl io::Write) -> io::Result<Summary> {
    let mut summary = Summary::default();
    let mut text = String::new();
    let mut pen = wire::Pen::new(plan.roster.office.zone);
    for events in plan.days() {
        summary.days += 1;
        summary.events += events.len() as u64;
        for event in &events {
            pen.write(&mut text, event);
            text.push('\n');
            if text.len() > 1 << 16 {
                out.write_all(text.as_bytes())?;
                text.clear();
            }
        }
    }
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(summary)
}
