//! An engine that has given up single heartbeats says the same as one that has them all, of whatever comes after.

use std::collections::HashMap;

use jagaloket::engine::event::{DeviceId, Event, Kind, MONITOR, Place};
use jagaloket::engine::roster::Roster;
use jagaloket::engine::time::Moment;
use jagaloket::engine::{Clock, Engine};

use crate::clocks::with_bad_clocks;
use crate::engine::{events, rules};
use crate::soups::soup;
use crate::support::EXAMPLE_DAYS;

fn says(engine: &Engine, roster: &Roster) -> impl PartialEq + std::fmt::Debug {
    let devices = roster.device_ids();
    let silences: Vec<_> = devices.map(|id| (engine.silences(id), engine.horizon(id))).collect();
    (
        (engine.verdicts(), silences),
        (engine.clock(), engine.wake_at(), engine.missing(), engine.gaps()),
    )
}

/// Feeds both in portions; one is thinned out after each, up to some moment, and written down and read again now and then.
fn check(events: &[Event], seed: u64, shown: &str) {
    let (roster, policies) = rules();
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut whole = Engine::new(roster.clone(), policies.clone(), Clock::Ticks);
    let mut thinned = Engine::new(roster.clone(), policies.clone(), Clock::Ticks);
    let (mut latest, mut rest) = (Moment::MIN, events);
    while !rest.is_empty() {
        let (now, later) = rest.split_at(rng.usize(1..=400).min(rest.len()));
        rest = later;
        for event in now {
            latest = latest.max(event.time);
            assert_eq!(whole.insert(event.clone()), thinned.insert(event.clone()));
        }
        let tick = Event {
            office: roster.office.id.clone(),
            device: DeviceId::new(MONITOR),
            id: "t".into(),
            time: latest,
            place: None,
            kind: Kind::Ticked,
            reading: None,
        };
        assert_eq!(whole.insert(tick.clone()), thinned.insert(tick));
        assert_eq!(whole.judge(), thinned.judge(), "{shown}, seed {seed}");
        let back_ms = if rng.bool() { 0 } else { rng.i64(0..3_600_000) };
        thinned.thin(latest.plus_ms(-back_ms));
        if rng.u8(..4) == 0 {
            let in_force = vec![(Moment::MIN, roster.clone(), policies.clone())];
            thinned = Engine::restore(&thinned.snapshot(), in_force, Clock::Ticks).unwrap();
            thinned.judge();
        }
        assert_eq!(says(&whole, &roster), says(&thinned, &roster), "{shown}, seed {seed}");
    }
}

/// Some devices number their events, each boot anew.
fn in_boots(mut events: Vec<Event>, rng: &mut fastrand::Rng) -> Vec<Event> {
    events.sort_by_key(|event| event.time);
    let mut places: HashMap<DeviceId, (u64, u64, u64)> = HashMap::new();
    for event in &mut events {
        let (boot, sequence, length) = places.entry(event.device.clone()).or_insert((0, 0, rng.u64(0..600)));
        if *sequence >= *length {
            (*boot, *sequence, *length) = (*boot + 1, 0, rng.u64(1..600));
        }
        if event.device.as_str() != "loket-01" {
            event.place = Some(Place {
                boot: format!("b{boot}").into(),
                sequence: *sequence,
            });
        }
        *sequence += 1;
    }
    events
}

/// As they come, out of order here and there, in any order at all, and with clocks that are off.
fn check_all(day: &[Event], shown: &str, seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut events = match seed % 2 {
            0 => in_boots(day.to_vec(), &mut rng),
            _ => with_bad_clocks(day.to_vec(), &mut rng),
        };
        events.retain(|event| event.kind != Kind::Ticked);
        match rng.u8(..3) {
            0 => events.sort_by_key(|event| event.time),
            1 => rng.shuffle(&mut events),
            _ => {
                let late = events.len() / 10;
                for _ in 0..late {
                    let one = events.remove(rng.usize(..events.len()));
                    events.insert(rng.usize(..=events.len()), one);
                }
            }
        }
        check(&events, seed, shown);
    }
}

#[test]
fn heartbeats_that_were_thinned_out_change_nothing_that_is_said() {
    let (roster, _) = rules();
    for day in EXAMPLE_DAYS {
        check_all(&events(day, &roster), day, 0..6);
    }
}

#[test]
fn nor_do_they_on_wild_days() {
    let (roster, _) = rules();
    for seed in 1..30 {
        check_all(
            &soup(seed, "small", &roster),
            &format!("soup {seed}"),
            seed * 3..seed * 3 + 3,
        );
    }
}
