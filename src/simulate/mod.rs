//! Ring 1: a simulated office, from one seed: the same seed, the same bytes.

mod day;
pub mod demo;

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
    /// Offline buffers deliver events up to an hour late, and some come twice.
    pub disorder: bool,
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
}

impl Troubles {
    /// How likely something is that usually happens with `chance`.
    fn chance(self, chance: f64) -> f64 {
        match self {
            Troubles::None => 0.0,
            Troubles::Usual => chance,
            Troubles::Many => (chance * 5.0).min(0.9),
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
    /// The events of the `n`th calendar day, in order of time; none on a day the office is closed.
    pub fn day(&self, n: u32) -> Vec<Event> {
        let Some(date) = self.from.checked_add_days(Days::new(u64::from(n))) else {
            return Vec::new();
        };
        if date.weekday().number_from_monday() > 5 {
            return Vec::new();
        }
        // Each day has numbers of its own, so that a day does not depend on those before it.
        let seed = self.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ u64::from(n).wrapping_mul(0xD1B5_4A32_D192_ED03);
        day::simulate(&self.roster, date, self.troubles, fastrand::Rng::with_seed(seed))
    }
}

/// Writes all days as lines of JSON, a day at a time.
pub fn write(plan: &Plan, out: &mut impl io::Write) -> io::Result<Summary> {
    let mut summary = Summary::default();
    let mut text = String::new();
    let zone = plan.roster.office.zone;
    for n in 0.. {
        if summary.days >= u64::from(plan.days) || plan.from.checked_add_days(Days::new(u64::from(n))).is_none() {
            break;
        }
        let mut events = plan.day(n);
        if plan.disorder {
            disorder(&mut events, fastrand::Rng::with_seed(plan.seed ^ u64::from(n)));
        }
        summary.days += u64::from(!events.is_empty());
        summary.events += events.len() as u64;
        for event in &events {
            wire::write_json(&mut text, event, zone);
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

/// Lets one device in three deliver an hour of its events late, and sends one event in fifty twice.
fn disorder(events: &mut Vec<Event>, mut rng: fastrand::Rng) {
    let mut arrivals: Vec<(i64, Event)> = Vec::new();
    let mut offline: std::collections::BTreeMap<String, Option<i64>> = std::collections::BTreeMap::new();
    let Some(first) = events.first().map(|event| event.time.0) else {
        return;
    };
    for event in events.drain(..) {
        let from = *offline.entry(event.device.to_string()).or_insert_with(|| {
            let goes = rng.usize(0..3) == 0;
            goes.then(|| first + rng.i64(1..7) * 3_600_000)
        });
        let late_ms = match from {
            Some(from) if (from..from + 3_600_000).contains(&event.time.0) => from + 3_600_000 - event.time.0,
            _ => rng.i64(0..400),
        };
        let arrives = event.time.0 + late_ms;
        if rng.usize(0..50) == 0 {
            arrivals.push((arrives + rng.i64(0..60_000), event.clone()));
        }
        arrivals.push((arrives, event));
    }
    arrivals.sort_by_key(|(arrives, _)| *arrives);
    events.extend(arrivals.into_iter().map(|(_, event)| event));
}
