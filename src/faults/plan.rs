//! What happens in one run, all of it from one seed: what the devices of an office say in a day, and what goes wrong.

use std::sync::Arc;

use chrono::NaiveDate;
use fastrand::Rng;

use crate::engine::event::{Event, Kind, UsbClass};
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::simulate::{self, Troubles};
use crate::wire;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
/// After so many deaths a process lives on.
const DEATHS_MAX: u64 = 6;

/// The roster of the simulated office.
pub const ROSTER: &str = include_str!("office.toml");

/// A run.
#[derive(Debug)]
pub struct Plan {
    pub seed: u64,
    /// The first moment of true time.
    pub begins: Moment,
    /// In the order in which it reaches the broker.
    pub said: Vec<Said>,
    pub steps: Vec<Step>,
    /// So many messages the broker hands out before one is acknowledged.
    pub window: usize,
    /// Whether the monitor's clock never goes backwards.
    pub clock_is_steady: bool,
}

/// What a device says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    /// When it reaches the broker, in true time.
    pub at: Moment,
    pub topic: String,
    pub payload: Vec<u8>,
    pub what: What,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    Event {
        source: String,
        id: String,
        time: Moment,
    },
    /// A will or a birth.
    Status,
    /// What nobody can read.
    Rubbish,
}

/// A step of true time, and what happens at it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    pub at: Moment,
    /// The monitor's clock is so far ahead of true time.
    pub ahead_ms: i64,
    pub mishaps: Vec<Mishap>,
    /// Whether the next step waits until the monitor has caught up.
    pub waits: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mishap {
    /// The line to the broker is cut for so many steps; where the broker forgets the session, what it kept is lost.
    LineCut { steps: u32, forgets: bool },
    /// What waits at the broker comes in another order.
    Shuffled,
    /// Another program holds the database for so long.
    Locked { ms: u64 },
    /// The monitor is stopped in order, and started.
    Restarted,
    /// The process is killed wherever it is.
    Killed,
    /// From now on the mail server fails so many of a hundred times.
    MailFails { percent: u8 },
}

/// What is done to a database while one process has it open: `store::Upset` without its places.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Life {
    pub dies: Option<Dies>,
    pub slow_every: u64,
    pub slow_ms: u64,
    pub full_times: u64,
    pub full_pages: i64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dies {
    BehindRow(u64),
    BehindCommit(u64),
}

impl Plan {
    pub fn new(seed: u64, roster: &Arc<Roster>) -> Plan {
        let mut rng = stream(seed, 1);
        let events = day(seed, roster, &mut rng);
        let begins = events.first().map_or(Moment(0), |event| event.time).plus_ms(-MINUTE);
        let said = said(&events, roster, &mut stream(seed, 2));
        let ends = said.last().map_or(begins, |said| said.at).plus_ms(MINUTE);
        let mut rng = stream(seed, 3);
        let clock = Clock::new(&mut rng, begins, ends);
        let steps = steps(&mut rng, begins, ends, &clock);
        Plan {
            seed,
            begins,
            window: rng.usize(1..=200),
            clock_is_steady: steps
                .windows(2)
                .all(|two| two[0].at.plus_ms(two[0].ahead_ms) < two[1].at.plus_ms(two[1].ahead_ms)),
            said,
            steps,
        }
    }

    /// What the `n`th process meets, counted from 0.
    pub fn life(&self, n: u64) -> Life {
        let mut rng = stream(self.seed, 1_000 + n);
        let dies = (n < DEATHS_MAX && chance(&mut rng, 70)).then(|| match rng.usize(0..4) {
            0 => Dies::BehindCommit(rng.u64(1..120)),
            _ => Dies::BehindRow(rng.u64(1..400)),
        });
        let slow = chance(&mut rng, 15);
        let full = chance(&mut rng, 25);
        Life {
            dies,
            slow_every: if slow { rng.u64(3..40) } else { 0 },
            slow_ms: rng.u64(1..4),
            full_times: if full { rng.u64(1..5) } else { 0 },
            full_pages: rng.i64(0..20),
        }
    }
}

/// Numbers of their own for each part, so that one more throw in one of them does not change the others.
pub fn stream(seed: u64, part: u64) -> Rng {
    Rng::with_seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ part.wrapping_mul(0xD1B5_4A32_D192_ED03))
}

pub fn chance(rng: &mut Rng, percent: u8) -> bool {
    rng.u8(0..100) < percent
}

/// What happens at the office, in order of time: the first hours of a day, or all of it.
fn day(seed: u64, roster: &Arc<Roster>, rng: &mut Rng) -> Vec<Event> {
    let date = NaiveDate::from_ymd_opt(2026, 1, 5).unwrap_or_default();
    let plan = simulate::Plan {
        roster: roster.clone(),
        seed,
        // A Monday and the days behind it.
        from: date + chrono::Days::new(rng.u64(0..5)),
        days: 1,
        troubles: match rng.usize(0..10) {
            0 => Troubles::Usual,
            1..=4 => Troubles::Many,
            _ => Troubles::Wild,
        },
        disorder: false,
        nights: false,
    };
    let mut events = plan.day(0);
    let lasts = match chance(rng, 10) {
        true => 24 * 60 * MINUTE,
        false => rng.i64(60 * MINUTE..200 * MINUTE),
    };
    if let Some(ends) = events.first().map(|event| event.time.plus_ms(lasts)) {
        events.retain(|event| event.time < ends);
    }
    events
}

/// What reaches the broker, and when: late, twice, differently, or as rubbish.
fn said(events: &[Event], roster: &Roster, rng: &mut Rng) -> Vec<Said> {
    let zone = roster.office.zone;
    let (Some(first), Some(last)) = (events.first(), events.last()) else {
        return Vec::new();
    };
    let lasts = last.time.ms_since(first.time).max(MINUTE);
    let devices: Vec<_> = roster.device_ids().cloned().collect();
    // Whoever is cut off keeps what it has to say and sends it afterwards.
    let cut_off: Vec<_> = devices
        .iter()
        .filter_map(|device| {
            let from = first.time.plus_ms(rng.i64(0..lasts));
            let until = from.plus_ms(rng.i64(2 * MINUTE..60 * MINUTE));
            chance(rng, 40).then(|| (device.clone(), from, until))
        })
        .collect();
    let mut said = Vec::with_capacity(events.len() + events.len() / 10);
    for event in events {
        let arrives = cut_off
            .iter()
            .find(|(device, from, until)| *device == event.device && (*from..*until).contains(&event.time))
            .map_or_else(|| event.time.plus_ms(rng.i64(0..500)), |(_, _, until)| *until);
        let arrives = match rng.usize(0..100) {
            0 => arrives.plus_ms(rng.i64(0..10 * MINUTE)),
            _ => arrives,
        };
        let one = of_event(event, arrives, zone);
        if chance(rng, 2) {
            said.push(Said {
                at: arrives.plus_ms(rng.i64(0..60 * MINUTE)),
                ..one.clone()
            });
        }
        if rng.usize(0..300) == 0 {
            // Another body under the same identity: whichever comes first stands.
            let kind = Kind::UsbAttached {
                class: UsbClass::Mtp,
                id: None,
                allowed: true,
            };
            if event.device.as_str().starts_with("loket") {
                let other = Event { kind, ..event.clone() };
                said.push(of_event(&other, arrives.plus_ms(rng.i64(-MINUTE..10 * MINUTE)), zone));
            }
        }
        said.push(one);
    }
    for _ in 0..rng.usize(0..6) {
        let (at, device) = (first.time.plus_ms(rng.i64(0..lasts)), rng.choice(&devices));
        let Some(device) = device else { continue };
        let status = rng.bool();
        let state = if rng.bool() { "online" } else { "offline" };
        said.push(Said {
            at,
            topic: format!(
                "jagaloket/v1/{}/{device}/{}",
                roster.office.id,
                if status { "status" } else { "events" }
            ),
            payload: match status {
                true => format!("{{\"state\":\"{state}\"}}").into_bytes(),
                false => format!("{{\"half a message {}", rng.u64(..)).into_bytes(),
            },
            what: if status { What::Status } else { What::Rubbish },
        });
    }
    // Stable: a buffer is resent in its order.
    said.sort_by_key(|said| said.at);
    said
}

fn of_event(event: &Event, at: Moment, zone: chrono_tz::Tz) -> Said {
    Said {
        at,
        topic: format!("jagaloket/v1/{}/{}/events", event.office, event.device),
        payload: wire::to_json(event, zone).into_bytes(),
        what: What::Event {
            source: format!("/{}/{}", event.office, event.device),
            id: event.id.to_string(),
            time: event.time,
        },
    }
}

/// How the monitor's clock differs from true time.
struct Clock {
    begins: Moment,
    /// So many milliseconds a second.
    drift: i64,
    jumps: Vec<(Moment, i64)>,
}

impl Clock {
    fn new(rng: &mut Rng, begins: Moment, ends: Moment) -> Clock {
        let lasts = ends.ms_since(begins).max(1);
        let count = match rng.usize(0..3) {
            0 => rng.usize(1..4),
            _ => 0,
        };
        let jumps = (0..count).map(|_| {
            let far = if chance(rng, 15) { 20 } else { 4 };
            (begins.plus_ms(rng.i64(0..lasts)), rng.i64(-far * MINUTE..=far * MINUTE))
        });
        let jumps = jumps.collect();
        Clock {
            begins,
            drift: if chance(rng, 50) { rng.i64(-15..=15) } else { 0 },
            jumps,
        }
    }

    fn ahead_ms(&self, at: Moment) -> i64 {
        let jumped: i64 = self
            .jumps
            .iter()
            .filter(|(from, _)| *from <= at)
            .map(|(_, ms)| ms)
            .sum();
        jumped + at.ms_since(self.begins) * self.drift / 1_000
    }
}

fn steps(rng: &mut Rng, begins: Moment, ends: Moment, clock: &Clock) -> Vec<Step> {
    // Some runs are stormy, some calm.
    let storm = rng.usize(1..=3);
    let mut steps = Vec::new();
    let mut at = begins;
    while at < ends {
        let mut mishaps = Vec::new();
        for _ in 0..storm {
            mishaps.extend(mishap(rng));
        }
        steps.push(Step {
            at,
            ahead_ms: clock.ahead_ms(at),
            mishaps,
            waits: chance(rng, 85),
        });
        at = at.plus_ms(rng.i64(5 * SECOND..2 * MINUTE));
    }
    steps
}

fn mishap(rng: &mut Rng) -> Option<Mishap> {
    Some(match rng.usize(0..1_000) {
        0..8 => Mishap::LineCut {
            steps: rng.u32(0..10),
            forgets: chance(rng, 20),
        },
        8..16 => Mishap::Shuffled,
        16..24 => Mishap::Locked { ms: rng.u64(1..12) },
        24..26 => Mishap::Restarted,
        26..29 => Mishap::Killed,
        29..40 => Mishap::MailFails {
            percent: rng.choice([0, 20, 50, 90, 100]).unwrap_or(0),
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_plan() {
        let roster = Arc::new(Roster::parse(ROSTER).unwrap());
        for seed in 0..20 {
            let (one, other) = (Plan::new(seed, &roster), Plan::new(seed, &roster));
            assert_eq!((one.said, one.steps), (other.said, other.steps));
        }
    }
}
