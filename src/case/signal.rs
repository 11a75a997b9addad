//! Signals for the integrity team: supervisors who dismiss fast, offices that are silent with low coverage, counters that
//! fall silent right after a sign-in. Each is a count with what it was counted from, and what looks the same and is
//! innocent is left out as far as the ledger knows it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::line::{same_human, superiors};
use super::{Act, Basis, By, Record, Step};
use crate::engine::event::DeviceId;
use crate::engine::policy::Class;
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::letter::signal::Signal;
use crate::store::rows::{Recent, Silence};

const DAY_MS: i64 = 86_400_000;
/// Counters that fall silent within so long of each other lost the network, and none of them says anything by itself.
const TOGETHER_MS: i64 = 120_000;

/// From which counts on something is a signal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// How far back dismissals and silences are counted.
    pub window_ms: i64,
    /// A dismissal so soon after the notice is fast.
    pub fast_ms: i64,
    pub fast_least: u32,
    /// Of all that the person dismissed.
    pub fast_percent: u32,
    /// An office without an indication for so long is quiet …
    pub quiet_ms: i64,
    /// … which says something only where less than this is known …
    pub coverage_percent: u32,
    /// … of so much service at least.
    pub served_least_ms: i64,
    /// A silence that begins so soon after a sign-in.
    pub after_ms: i64,
    pub silences_least: u32,
    /// Of all silences of the counter.
    pub silences_percent: u32,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            window_ms: 28 * DAY_MS,
            fast_ms: 2 * 60_000,
            fast_least: 5,
            fast_percent: 50,
            quiet_ms: 14 * DAY_MS,
            coverage_percent: 60,
            served_least_ms: 20 * 3_600_000,
            after_ms: 10 * 60_000,
            silences_least: 3,
            silences_percent: 60,
        }
    }
}

/// What is known of an office for it.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The ledger's words on cases since the beginning of the window.
    pub records: Vec<Record>,
    pub silences: Vec<Silence>,
    /// Of the time in which an office may be quiet.
    pub served_ms: i64,
    pub known_ms: i64,
}

impl Bounds {
    /// From when on entries of the ledger are wanted.
    pub fn since(&self, now: Moment) -> Moment {
        now.plus_ms(-self.window_ms.max(self.quiet_ms))
    }

    /// From which date on silences are, from which an office may be quiet, and today.
    pub fn dates(&self, now: Moment, zone: Tz) -> [NaiveDate; 3] {
        [self.window_ms, self.quiet_ms, 0].map(|back_ms| now.plus_ms(-back_ms).date(zone))
    }
}

impl Seen {
    pub fn of(recent: Recent) -> Seen {
        let read = |body: &Vec<u8>| serde_json::from_slice(body).ok();
        Seen {
            records: recent.bodies.iter().filter_map(read).collect(),
            silences: recent.silences,
            served_ms: recent.served_ms,
            known_ms: recent.known_ms,
        }
    }
}

/// What stands out in an office by now, for one reader: nothing about himself or his superiors.
pub fn signals(seen: &Seen, bounds: &Bounds, roster: &Roster, reader: &str, now: Moment) -> Vec<Signal> {
    let above = superiors(reader, roster, now.date(roster.office.zone));
    let spared = |id: &str| same_human(reader, id, roster) || above.contains(id);
    let mut found = fast(seen, bounds, roster, now, &spared);
    found.extend(quiet(seen, bounds, now));
    found.extend(silent(seen, bounds, now, &spared));
    found
}

fn steps(seen: &Seen) -> impl Iterator<Item = &Step> {
    seen.records.iter().filter_map(|record| match record {
        Record::Step(step) => Some(step),
        _ => None,
    })
}

fn fast(seen: &Seen, bounds: &Bounds, roster: &Roster, now: Moment, spared: &dyn Fn(&str) -> bool) -> Vec<Signal> {
    let mut opened: BTreeMap<i64, (Moment, &Basis)> = BTreeMap::new();
    let mut told: BTreeMap<(i64, &str), Moment> = BTreeMap::new();
    // Where a device was in trouble on that day, its own notice says so.
    let mut troubled: BTreeSet<(&DeviceId, &str)> = BTreeSet::new();
    for step in steps(seen) {
        match &step.act {
            Act::Opened { basis } => {
                opened.insert(step.incident, (step.at, basis));
                if basis.class != Class::Indication {
                    let devices = basis.counter.iter().chain(&basis.lockbox);
                    troubled.extend(devices.map(|device| (device, basis.date.as_str())));
                }
            }
            Act::Told { people, .. } => {
                for person in people {
                    told.insert((step.incident, person), step.at);
                }
            }
            _ => {}
        }
    }
    // By person: how many, and how many of them fast.
    let mut counts: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    let recent = now.plus_ms(-bounds.window_ms);
    for step in steps(seen).filter(|step| step.at >= recent) {
        let (Act::Dismissed { .. } | Act::DismissalProposed { .. }, By::Person(actor)) = (&step.act, &step.by) else {
            continue;
        };
        let known = opened.get(&step.incident);
        if known.is_some_and(|(_, basis)| basis.class != Class::Indication) {
            continue;
        }
        let count = counts.entry(&actor.id).or_default();
        count.0 += 1;
        // What was opened before the window was not dismissed fast.
        let Some((at, basis)) = known else { continue };
        let since = told.get(&(step.incident, actor.id.as_str())).unwrap_or(at);
        let is_troubled = |device: &DeviceId| troubled.contains(&(device, basis.date.as_str()));
        let excused = basis.counter.iter().chain(&basis.lockbox).any(is_troubled);
        if step.at.ms_since(*since) < bounds.fast_ms && !excused {
            count.1 += 1;
        }
    }
    let stands_out = |(dismissed, fast): (u32, u32)| {
        fast >= bounds.fast_least && u64::from(fast) * 100 >= u64::from(dismissed) * u64::from(bounds.fast_percent)
    };
    counts
        .into_iter()
        .filter(|(person, count)| stands_out(*count) && roster.person(person).is_some() && !spared(person))
        .map(|(person, (dismissed, fast))| Signal::FastDismissals {
            person: person.to_owned(),
            fast,
            dismissed,
            within_ms: bounds.fast_ms,
            days: bounds.window_ms / DAY_MS,
        })
        .collect()
}

fn quiet(seen: &Seen, bounds: &Bounds, now: Moment) -> Option<Signal> {
    let recent = now.plus_ms(-bounds.quiet_ms);
    let indicated = steps(seen).any(|step| {
        step.at >= recent && matches!(&step.act, Act::Opened { basis } if basis.class == Class::Indication)
    });
    let known_percent = u32::try_from(seen.known_ms * 100 / seen.served_ms.max(1)).unwrap_or(100);
    let low = seen.served_ms >= bounds.served_least_ms && known_percent < bounds.coverage_percent;
    (low && !indicated).then_some(Signal::QuietOffice {
        served_ms: seen.served_ms,
        known_percent,
        days: bounds.quiet_ms / DAY_MS,
    })
}

fn silent(seen: &Seen, bounds: &Bounds, now: Moment, spared: &dyn Fn(&str) -> bool) -> Vec<Signal> {
    let recent = now.plus_ms(-bounds.window_ms);
    let alone = |one: &&Silence| {
        let together =
            |other: &Silence| other.counter != one.counter && other.since.ms_since(one.since).abs() <= TOGETHER_MS;
        one.since >= recent && !seen.silences.iter().any(together)
    };
    let mut counters: BTreeMap<&DeviceId, Vec<&Silence>> = BTreeMap::new();
    for silence in seen.silences.iter().filter(alone) {
        counters.entry(&silence.counter).or_default().push(silence);
    }
    let mut found = Vec::new();
    for (counter, silences) in counters {
        let soon = |one: &&&Silence| {
            let signed_in = one.signed_in;
            signed_in.is_some_and(|at| (0..bounds.after_ms).contains(&one.since.ms_since(at)))
        };
        let after: Vec<&&Silence> = silences.iter().filter(soon).collect();
        let officers: BTreeSet<&str> = after
            .iter()
            .filter_map(|one| one.officer.as_ref().map(|officer| officer.as_str()))
            .collect();
        let (count, all) = (after.len() as u32, silences.len() as u32);
        let share = u64::from(count) * 100 >= u64::from(all) * u64::from(bounds.silences_percent);
        let his_alone = !officers.is_empty() && officers.iter().all(|officer| spared(officer));
        if count >= bounds.silences_least && share && !his_alone {
            found.push(Signal::SilentAfterSignIn {
                counter: counter.clone(),
                after: count,
                silences: all,
                officers: officers.len() as u32,
                within_ms: bounds.after_ms,
                days: bounds.window_ms / DAY_MS,
            });
        }
    }
    found
}
