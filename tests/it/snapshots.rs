//! An engine that was written down and read again says the same as one that went on, of all that comes after.

use std::sync::Arc;

use jagaloket::engine::event::{DeviceId, Event, Kind, MONITOR};
use jagaloket::engine::policy::PolicySet;
use jagaloket::engine::roster::Roster;
use jagaloket::engine::time::Moment;
use jagaloket::engine::{Clock, Engine, NoSnapshot};
use jagaloket::replay;

use crate::engine::{events, rules};
use crate::hours;
use crate::soups::soup;
use crate::support::{EXAMPLE_DAYS, example, policies};

type Rules = Vec<(Moment, Arc<Roster>, Arc<PolicySet>)>;
type Set = (Arc<Roster>, Arc<PolicySet>);

/// All that can be asked of an engine.
fn answers(engine: &Engine, roster: &Roster) -> impl PartialEq + std::fmt::Debug {
    let devices = roster.device_ids();
    let silences: Vec<_> = devices.map(|id| (engine.silences(id), engine.horizon(id))).collect();
    let officers = roster.officers.iter();
    let lockboxes: Vec<_> = officers.map(|officer| engine.lockbox_of(&officer.id)).collect();
    (
        (engine.verdicts(), silences, lockboxes),
        (engine.clock(), engine.settled_until(), engine.wake_at()),
        (engine.missing(), engine.gaps(), engine.in_force_since()),
    )
}

/// The example's roster with one officer fewer, other limits of silence and other handsets.
fn other_roster() -> Arc<Roster> {
    let text = std::fs::read_to_string(example("roster.toml")).unwrap();
    let text = text.replacen("silent_after = \"90s\"", "silent_after = \"45s\"", 1);
    let last = text.rfind("[[officer]]").unwrap();
    Arc::new(Roster::parse(&text[..last]).unwrap())
}

/// Fewer policies, so that runs are kept in other slots.
fn other_policies() -> Arc<PolicySet> {
    let mut files = replay::policy_files(&policies()).unwrap();
    files.retain(|(_, id, _)| id != "counter-silent" && id != "no-deposit-after-sign-in");
    Arc::new(replay::parse_policies(&files).unwrap())
}

/// Goes through the events in portions; now and then the engine is written down and read again beside the one that goes
/// on, the past is forgotten, other rules come into force, and the monitor ticks.
fn check(events: &[Event], seed: u64, shown: &str) {
    let (roster, policies) = rules();
    let others = [(other_roster(), other_policies()), (roster.clone(), policies.clone())];
    check_under((roster, policies), &others, events, seed, shown);
}

fn check_under(first: Set, others: &[Set], events: &[Event], seed: u64, shown: &str) {
    let (roster, policies) = first;
    let mut rng = fastrand::Rng::with_seed(seed);
    let ticks = rng.bool();
    let clock = if ticks { Clock::Ticks } else { Clock::Events };
    let mut in_force: Rules = vec![(Moment::MIN, roster.clone(), policies.clone())];
    let mut straight = Engine::new(roster.clone(), policies, clock);
    let mut restored = Engine::restore(&straight.snapshot(), in_force.clone(), clock).unwrap();
    let forgets = rng.bool();
    let mut latest = Moment::MIN;
    let mut rest = events;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(rng.usize(1..=events.len().min(400)).min(rest.len()));
        rest = later;
        let written_before_judging = rng.bool();
        for event in now {
            latest = latest.max(event.time);
            assert_eq!(
                straight.insert(event.clone()),
                restored.insert(event.clone()),
                "{shown}"
            );
        }
        if rng.u8(..8) == 0 {
            let at = straight.clock().unwrap_or(latest).plus_ms(rng.i64(1..600_000));
            let (roster, policies) = others[rng.usize(..others.len())].clone();
            for engine in [&mut straight, &mut restored] {
                engine.activate(at, roster.clone(), policies.clone());
            }
            let place = in_force.partition_point(|(from, ..)| *from <= at);
            in_force.insert(place, (at, roster, policies));
        }
        if ticks {
            let tick = Event {
                office: roster.office.id.clone(),
                device: DeviceId::new(MONITOR),
                id: "t".into(),
                time: latest.plus_ms(-rng.i64(0..60_000)),
                place: None,
                kind: Kind::Ticked,
                reading: None,
            };
            assert_eq!(straight.insert(tick.clone()), restored.insert(tick), "{shown}");
        }
        if written_before_judging {
            restored = Engine::restore(&restored.snapshot(), in_force.clone(), clock).unwrap();
        }
        straight.judge();
        restored.judge();
        if forgets && let Some(now) = straight.clock() {
            let before = now.plus_ms(-rng.i64(0..4 * 3_600_000));
            straight.forget(before);
            restored.forget(before);
        }
        assert_eq!(
            answers(&straight, &roster),
            answers(&restored, &roster),
            "{shown}, seed {seed}"
        );
        if rng.bool() {
            // Also of the one that went on all the time, and with what was told on the way.
            let from = if rng.bool() { &straight } else { &restored };
            restored = Engine::restore(&from.snapshot(), in_force.clone(), clock).unwrap();
            restored.judge();
            assert_eq!(
                answers(&straight, &roster),
                answers(&restored, &roster),
                "{shown}, seed {seed}"
            );
        }
    }
}

#[test]
fn what_is_read_again_goes_on_as_if_nothing_had_happened() {
    let (roster, _) = rules();
    for (n, day) in EXAMPLE_DAYS.iter().enumerate() {
        let in_order = events(day, &roster);
        for seed in 0..4 {
            let mut events = in_order.clone();
            if seed % 2 == 1 {
                fastrand::Rng::with_seed(seed).shuffle(&mut events);
            }
            check(&events, seed + 10 * n as u64, day);
        }
    }
}

#[test]
fn wild_days_are_read_again_as_they_were() {
    let (roster, _) = rules();
    for seed in 1..=8 {
        check(&soup(seed, "normal", &roster), seed, &format!("soup {seed}"));
    }
}

#[test]
fn calendars_that_change_from_a_date_on_are_read_again_with_their_word() {
    let calendar = |from: &str, open: &str| {
        let days = ["wednesday", "thursday", "friday"].map(|day| format!("{day} = {{ open = \"{open}\" }}\n"));
        hours::ROSTER.split("[office.calendar.week]").next().unwrap().to_owned()
            + &format!("[office.calendar]\n{from}\n[office.calendar.week]\n{}", days.concat())
            + &hours::ROSTER[hours::ROSTER.find("\n[[counter]]").unwrap()..]
    };
    let texts = [
        hours::ROSTER.to_owned(),
        calendar("from = 2026-11-25", "07:00-19:00"),
        calendar("from = 2026-11-26", "10:00-12:00"),
        calendar("from = 2026-11-27", "00:00-23:00"),
        calendar("", "09:00-15:00"),
        hours::NO_HOURS.to_owned(),
    ];
    let sets = texts.map(|text| (hours::roster(&text), hours::policies()));
    for seed in 1..=60 {
        let mut events = hours::days(seed);
        if seed % 2 == 0 {
            fastrand::Rng::with_seed(seed).shuffle(&mut events);
        }
        let first = sets[seed as usize % sets.len()].clone();
        check_under(first, &sets, &events, seed, "calendars");
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let (roster, policies) = rules();
    let events = events(EXAMPLE_DAYS[0], &roster);
    let mut engine = Engine::new(roster.clone(), policies.clone(), Clock::Events);
    for event in events {
        engine.insert(event).unwrap();
    }
    engine.judge();
    let bytes = engine.snapshot();
    let same: Rules = vec![(Moment::MIN, roster.clone(), policies.clone())];
    let mut engine = Engine::restore(&bytes, same.clone(), Clock::Events).unwrap();
    let before = engine.verdicts();
    engine.judge();
    assert!(before.is_empty() && !engine.verdicts().is_empty());

    let refused = |bytes: &[u8], rules: Rules, clock| Engine::restore(bytes, rules, clock).err();
    for cut in [0, 1, 31, 32, 33, bytes.len() / 2, bytes.len() - 1] {
        assert_eq!(
            refused(&bytes[..cut], same.clone(), Clock::Events),
            Some(NoSnapshot::Damaged),
            "{cut}"
        );
    }
    for at in (0..bytes.len()).step_by(997) {
        let mut spoilt = bytes.clone();
        spoilt[at] ^= 4;
        assert_eq!(
            refused(&spoilt, same.clone(), Clock::Events),
            Some(NoSnapshot::Damaged),
            "{at}"
        );
    }
    let mut more = same.clone();
    more.push((Moment(0), roster.clone(), policies.clone()));
    let fewer_policies = vec![(Moment::MIN, roster.clone(), other_policies())];
    for rules in [more, Vec::new(), fewer_policies] {
        assert_eq!(refused(&bytes, rules, Clock::Events), Some(NoSnapshot::OtherRules));
    }
    assert_eq!(refused(&bytes, same, Clock::Ticks), Some(NoSnapshot::OtherRules));
}
