//! Ring 1: minutes of service. Of each officer's service at a counter, hour by hour: how much there was, how much of it is
//! known, how much was verified to be without phones and messages, and how much was exempt.
//!
//! It is measured by the engine that judges, under conditions of its own, so that a gap, a poor clock and a late event
//! mean here what they mean for verdicts.

mod measures;
pub mod rate;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::{AddAssign, RangeInclusive};
use std::sync::LazyLock;

use chrono::{NaiveDate, Timelike as _};
use chrono_tz::Tz;

use crate::engine::event::{DeviceId, Event, OfficerId, PolicyId};
use crate::engine::time::Moment;
use crate::engine::{Clock, Engine, NoSnapshot, TooLate};
use crate::explain::{Past, Rules, engine_of};
use measures::{Measure, Measures};

/// Heartbeats are kept one by one for so long.
const THIN_AFTER_MS: i64 = 30 * 60_000;

static MEASURES: LazyLock<Measures> = LazyLock::new(Measures::new);

/// An hour of an officer at a counter; the hour begins at that of the office's wall clock.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Hour {
    pub date: NaiveDate,
    pub hour: u8,
    pub counter: DeviceId,
    pub officer: OfficerId,
}

/// What there was of service, in milliseconds of it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Service {
    /// Applicants were served, also while the counter was silent.
    pub served_ms: i64,
    /// Of that: counter and custody were known.
    pub known_ms: i64,
    /// Of that: no phone out, no messages, no phone on USB.
    pub verified_ms: i64,
    /// Of what was served: the officer was exempt, or there was an emergency.
    pub exempt_ms: i64,
    /// Sign-ins in this hour that came to a service.
    pub sessions: i64,
}

impl AddAssign for Service {
    fn add_assign(&mut self, other: Service) {
        self.served_ms += other.served_ms;
        self.known_ms += other.known_ms;
        self.verified_ms += other.verified_ms;
        self.exempt_ms += other.exempt_ms;
        self.sessions += other.sessions;
    }
}

impl Service {
    /// What an officer had to answer for: exempt service is nobody's merit and nobody's fault.
    pub fn bound_ms(&self) -> i64 {
        self.served_ms - self.exempt_ms
    }

    /// The verified share of what was bound; `None` where there was nothing. What is not known is not verified.
    pub fn compliance(&self) -> Option<f64> {
        share(self.verified_ms, self.bound_ms())
    }

    /// The known share of what was served: how much the other figure is worth.
    pub fn coverage(&self) -> Option<f64> {
        share(self.known_ms, self.served_ms)
    }
}

fn share(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Measures the service of these dates. The past must begin early enough that who is signed in and what is in the lockboxes
/// when they begin is known from it.
pub fn measure(past: &Past, dates: RangeInclusive<NaiveDate>, zone: Tz) -> BTreeMap<Hour, Service> {
    let mut gauge = Gauge::new(&past.rules, past.again_ms, dates, zone);
    for event in &past.events {
        // Nothing is settled before anything is judged.
        let _ = gauge.hear(event.clone());
    }
    gauge.hours()
}

/// Measures a past that comes bit by bit, and keeps no more of it than may still change.
pub struct Gauge {
    engine: Engine,
    hours: BTreeMap<Hour, Service>,
    dates: RangeInclusive<NaiveDate>,
    zone: Tz,
}

impl Gauge {
    pub fn new(rules: &[Rules], again_ms: i64, dates: RangeInclusive<NaiveDate>, zone: Tz) -> Gauge {
        Gauge::of(engine_of(rules, Some(&MEASURES.set), again_ms), dates, zone)
    }

    /// Goes on from a snapshot; the rules are those it was begun with.
    pub fn restore(
        snapshot: &[u8],
        rules: &[Rules],
        dates: RangeInclusive<NaiveDate>,
        zone: Tz,
    ) -> Result<Gauge, NoSnapshot> {
        let rules = rules
            .iter()
            .map(|rules| (rules.from, rules.roster.clone(), MEASURES.set.clone()));
        let engine = Engine::restore(snapshot, rules.collect(), Clock::Events)?;
        Ok(Gauge::of(engine, dates, zone))
    }

    fn of(engine: Engine, dates: RangeInclusive<NaiveDate>, zone: Tz) -> Gauge {
        Gauge {
            engine,
            hours: BTreeMap::new(),
            dates,
            zone,
        }
    }

    pub fn hear(&mut self, event: Event) -> Result<(), TooLate> {
        self.engine.insert(event)
    }

    /// Measures what came, and gives up what lies more than `keep_ms` before the office clock: nothing may come for it any
    /// more.
    pub fn settle(&mut self, keep_ms: i64) {
        self.engine.judge();
        let Some(clock) = self.engine.clock() else { return };
        self.engine.thin(clock.plus_ms(-keep_ms.min(THIN_AFTER_MS)));
        self.engine.forget(clock.plus_ms(-keep_ms));
        for verdict in self.engine.take_settled() {
            let Some(until) = verdict.until else { continue };
            let (counter, officer) = (verdict.counter.as_ref(), verdict.officer.as_ref());
            self.add(&verdict.policy, counter, officer, &[(verdict.since, until)]);
        }
    }

    /// What may still change, as bytes to go on from.
    pub fn snapshot(&self) -> Vec<u8> {
        self.engine.snapshot()
    }

    /// The hours of the dates with any service in them.
    pub fn hours(mut self) -> BTreeMap<Hour, Service> {
        self.engine.judge();
        for held in self.engine.held() {
            self.add(
                &held.policy.id,
                held.counter.as_ref(),
                held.officer.as_ref(),
                &held.pieces,
            );
        }
        self.hours
    }

    fn add(
        &mut self,
        policy: &PolicyId,
        counter: Option<&DeviceId>,
        officer: Option<&OfficerId>,
        pieces: &[(Moment, Moment)],
    ) {
        let (Some(measure), Some(counter), Some(officer)) = (MEASURES.of(policy), counter, officer) else {
            return;
        };
        let mut put = |at: Moment, length: i64| {
            let local = at.local(self.zone);
            let date = local.date_naive();
            if !self.dates.contains(&date) {
                return;
            }
            let hour = Hour {
                date,
                hour: local.hour() as u8,
                counter: counter.clone(),
                officer: officer.clone(),
            };
            let service = self.hours.entry(hour).or_default();
            match measure {
                Measure::Served => service.served_ms += length,
                Measure::Known => service.known_ms += length,
                Measure::Verified => service.verified_ms += length,
                Measure::Exempt => service.exempt_ms += length,
                Measure::Session => service.sessions += length,
            }
        };
        if measure == Measure::Session {
            if let Some((start, _)) = pieces.first() {
                put(*start, 1);
            }
            return;
        }
        for &(start, end) in pieces {
            let mut at = start;
            while at < end {
                let next = end.min(next_hour(at, self.zone));
                put(at, next.ms_since(at));
                at = next;
            }
        }
    }
}

/// When the hour of the wall clock ends; Indonesia's zones are whole hours off and have no summer time, others are cut at
/// theirs too.
fn next_hour(at: Moment, zone: Tz) -> Moment {
    let local = at.local(zone);
    let into_ms = i64::from(local.minute() * 60 + local.second()) * 1_000 + at.0.rem_euclid(1_000);
    at.plus_ms(3_600_000 - into_ms)
}
