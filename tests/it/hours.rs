//! The office's calendar in the engine: its turns need no event, and come out the same in any order of arrival.

use std::sync::Arc;

use jagaloket::engine::event::{DeviceId, Event, Kind, OfficeId, OfficerId};
use jagaloket::engine::policy::PolicySet;
use jagaloket::engine::roster::Roster;
use jagaloket::engine::time::Moment;
use jagaloket::engine::verdict::{Decision, Verdict};
use jagaloket::engine::{Clock, Engine};
use proptest::prelude::*;

pub const ROSTER: &str = r#"
[office]
id = "kota"
name = "Kantor"
timezone = "Asia/Jakarta"
service_max = "10h"

[office.calendar.week]
wednesday = { open = "08:00-16:00", breaks = "12:00-13:00" }
thursday  = { open = "08:00-16:00", breaks = "12:00-13:00" }
friday    = { open = "08:00-16:30", breaks = "11:30-13:30" }

[[counter]]
id = "loket-1"
heartbeat_every = "0s"

[[counter]]
id = "loket-2"
heartbeat_every = "5m"
silent_after = "11m"
"#;

pub const NO_HOURS: &str = "[office]\nid = \"kota\"\nname = \"Kantor\"\ntimezone = \"Asia/Jakarta\"\nservice_max = \"10h\"\n\
                        [[counter]]\nid = \"loket-1\"\nheartbeat_every = \"0s\"\n[[counter]]\nid = \"loket-2\"\n";

/// Wednesday.
const DAY: &str = "2026-11-25T00:00:00+07:00";
const MINUTE_MS: i64 = 60_000;

fn policy(id: &str, per: &str, condition: &str, for_: &str) -> (String, String) {
    let text = format!(
        "id = \"{id}\"\ntitle = {{ id = \"a\", en = \"a\" }}\nbasis = \"b\"\nverdict = \"technical\"\nseverity = \"minor\"\n\
         per = \"{per}\"\nwhile = '{condition}'\nfor = \"{for_}\"\nnotify = []\n"
    );
    (id.to_string(), text)
}

fn set(policies: &[(String, String)]) -> Arc<PolicySet> {
    let files = policies
        .iter()
        .map(|(id, text)| (id.as_str(), id.as_str(), text.as_str()));
    Arc::new(PolicySet::parse(files).unwrap_or_else(|faults| panic!("{faults}")))
}

pub fn policies() -> Arc<PolicySet> {
    set(&[
        policy("closed", "session", "service.active && !office.open", "15m"),
        policy("break", "counter", "service.active && office.on_break", "10m"),
        policy("idle", "officer", "office.open && !shift.active", "30m"),
        policy("night", "office", "!office.open", "0s"),
    ])
}

pub fn roster(text: &str) -> Arc<Roster> {
    Arc::new(Roster::parse(text).unwrap_or_else(|faults| panic!("{faults}")))
}

fn event(n: usize, device: &str, minute: i64, kind: Kind) -> Event {
    Event {
        office: OfficeId::new("kota"),
        device: DeviceId::new(device),
        id: format!("e{n}").into(),
        time: Moment::parse(DAY).unwrap().plus_ms(minute * MINUTE_MS),
        place: None,
        kind,
        reading: None,
    }
}

/// A day and a half of two counters; minutes after midnight.
pub fn days(seed: u64) -> Vec<Event> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let officer = |rng: &mut fastrand::Rng| OfficerId::new(["p-1", "p-2"][rng.usize(..2)]);
    let mut minutes: Vec<i64> = (0..rng.usize(20..90)).map(|_| rng.i64(0..3 * 24 * 60)).collect();
    minutes.sort_unstable();
    let mut events = Vec::new();
    for (n, minute) in minutes.into_iter().enumerate() {
        let device = ["loket-1", "loket-2", "system"][rng.usize(..3)];
        let kind = match (device, rng.usize(..6)) {
            ("system", n) if n < 3 => Kind::ShiftStarted {
                officer: officer(&mut rng),
            },
            ("system", _) => Kind::ShiftEnded {
                officer: officer(&mut rng),
            },
            (_, 0) => Kind::SignedIn {
                officer: officer(&mut rng),
            },
            (_, 1) => Kind::SignedOut {
                officer: officer(&mut rng),
            },
            (_, 2..5) => Kind::ServiceStarted { booking: None },
            _ => Kind::ServiceEnded,
        };
        events.push(event(n, device, minute, kind));
    }
    // The second counter has heartbeats, and gaps between them.
    for beat in 0..3 * 24 * 12 {
        if rng.usize(..10) > 0 {
            events.push(event(
                1_000 + beat,
                "loket-2",
                beat as i64 * 5,
                Kind::WorkstationHeartbeat,
            ));
        }
    }
    events.push(event(9_999, "loket-1", 3 * 24 * 60, Kind::WorkstationHeartbeat));
    events
}

fn follow(told: &mut Vec<Verdict>, decisions: Vec<Decision>) {
    for decision in decisions {
        let (old, new) = match decision {
            Decision::Opened { verdict, .. } => (None, Some(verdict)),
            Decision::Amended { before, verdict, .. } => (Some(before), Some(verdict)),
            Decision::Retracted { verdict, .. } => (Some(verdict), None),
        };
        if let Some(old) = old {
            let place = told.iter().position(|told| *told == old);
            told.remove(place.expect("only what was told is changed"));
        }
        told.extend(new);
    }
}

fn play(events: &[Event], mut portion: impl FnMut() -> usize) -> Vec<Verdict> {
    let mut engine = Engine::new(roster(ROSTER), policies(), Clock::Events);
    let mut told = Vec::new();
    let mut rest = events;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(portion().clamp(1, rest.len()));
        now.iter().for_each(|event| engine.insert(event.clone()).unwrap());
        follow(&mut told, engine.judge());
        rest = later;
    }
    let said = engine.verdicts();
    told.sort_by(|a, b| a.order().cmp(&b.order()));
    assert_eq!(bare(told), bare(said.clone()));
    said
}

fn bare(mut verdicts: Vec<Verdict>) -> Vec<Verdict> {
    verdicts.iter_mut().for_each(|verdict| verdict.evidence.clear());
    verdicts
}

/// Live: the clock ticks where the engine asks for it, and once more at the end.
fn live(events: &[Event]) -> (Vec<Verdict>, Vec<Event>) {
    let mut engine = Engine::new(roster(ROSTER), policies(), Clock::Ticks);
    let mut told = Vec::new();
    let mut ticks: Vec<Event> = Vec::new();
    let mut tick = |engine: &mut Engine, at: Moment, told: &mut Vec<Verdict>| {
        let event = Event {
            time: at,
            ..event(100_000 + ticks.len(), "monitor", 0, Kind::Ticked)
        };
        ticks.push(event.clone());
        engine.insert(event).unwrap();
        follow(told, engine.judge());
    };
    let mut sorted = events.to_vec();
    sorted.sort_by_key(|event| event.time);
    for next in sorted {
        while engine.clock().is_some() && engine.wake_at() < next.time {
            let at = engine.wake_at();
            tick(&mut engine, at, &mut told);
        }
        let at = next.time;
        engine.insert(next).unwrap();
        tick(&mut engine, at, &mut told);
    }
    let said = engine.verdicts();
    told.sort_by(|a, b| a.order().cmp(&b.order()));
    assert_eq!(bare(told), bare(said.clone()));
    (said, ticks)
}

/// Whole minutes in which the calendar above is closed, worked out without it.
fn is_closed(minute: i64) -> bool {
    let (day, minute) = (minute / (24 * 60), minute % (24 * 60));
    let (open, close) = match day {
        0 | 1 => (8 * 60, 16 * 60),
        2 => (8 * 60, 16 * 60 + 30),
        _ => return true,
    };
    !(open..close).contains(&minute)
}

/// The roster whose calendar closes the office on Thursday, and counts from a date on.
fn closed_thursday(from: Option<u32>) -> String {
    let from = from.map_or_else(String::new, |day| format!("from = 2026-11-{day}\n"));
    let closed = "[office.calendar.closed]\n2026-11-26 = \"Libur\"\n\n[[counter]]";
    ROSTER
        .replacen(
            "[office.calendar.week]",
            &format!("[office.calendar]\n{from}[office.calendar.week]"),
            1,
        )
        .replacen("[[counter]]", closed, 1)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn turns_of_the_calendar_are_judged_the_same_in_any_order_and_portions(seed in any::<u64>(), portion in 1usize..200) {
        let mut events = days(seed);
        let at_once = play(&events, || usize::MAX);
        let mut rng = fastrand::Rng::with_seed(seed);
        rng.shuffle(&mut events);
        let shuffled = play(&events, || rng.usize(1..=portion));
        prop_assert_eq!(bare(shuffled), bare(at_once));
    }

    #[test]
    fn turns_of_the_calendar_are_judged_the_same_live(seed in any::<u64>()) {
        let events = days(seed);
        let (live, ticks) = live(&events);
        let mut all: Vec<Event> = events.into_iter().chain(ticks).collect();
        fastrand::Rng::with_seed(seed).shuffle(&mut all);
        prop_assert_eq!(bare(live), bare(play(&all, || usize::MAX)));
    }

    #[test]
    fn a_changed_calendar_judges_again_from_its_date_and_comes_out_as_if_it_had_been_known(
        seed in any::<u64>(), from in 25u32..=27, place in 1usize..300
    ) {
        let mut events = days(seed);
        fastrand::Rng::with_seed(seed).shuffle(&mut events);
        let (first, rest) = events.split_at(place.min(events.len()));
        let mut engine = Engine::new(roster(ROSTER), policies(), Clock::Events);
        let mut told = Vec::new();
        first.iter().for_each(|event| engine.insert(event.clone()).unwrap());
        follow(&mut told, engine.judge());
        let at = engine.clock().unwrap().plus_ms(1);
        engine.activate(at, roster(&closed_thursday(Some(from))), policies());
        follow(&mut told, engine.judge());
        for event in rest {
            engine.insert(event.clone()).unwrap();
            follow(&mut told, engine.judge());
        }
        told.sort_by(|a, b| a.order().cmp(&b.order()));
        prop_assert_eq!(bare(told), bare(engine.verdicts()));
        // From Friday on, Thursday stays as it was.
        let known = if from <= 26 { closed_thursday(None) } else { ROSTER.to_owned() };
        let mut other = Engine::new(roster(&known), policies(), Clock::Events);
        events.iter().for_each(|event| other.insert(event.clone()).unwrap());
        other.judge();
        prop_assert_eq!(bare(engine.verdicts()), bare(other.verdicts()));
    }

    #[test]
    fn a_service_outside_hours_is_held_for_just_the_closed_time(from in 0i64..1_440 * 2, length in 1i64..590) {
        let officer = OfficerId::new("p-1");
        let until = from + length;
        let events = [
            event(1, "loket-1", from, Kind::SignedIn { officer }),
            event(2, "loket-1", from, Kind::ServiceStarted { booking: None }),
            event(3, "loket-1", until, Kind::ServiceEnded),
            event(4, "loket-1", 3 * 24 * 60, Kind::WorkstationHeartbeat),
        ];
        let said = play(&events, || usize::MAX);
        let begin = Moment::parse(DAY).unwrap();
        let mut expected = Vec::new();
        let mut start = None;
        for minute in from..=until {
            match (start, minute < until && is_closed(minute)) {
                (None, true) => start = Some(minute),
                (Some(since), false) => {
                    if minute - since > 15 {
                        expected.push((begin.plus_ms(since * MINUTE_MS), begin.plus_ms(minute * MINUTE_MS)));
                    }
                    start = None;
                }
                _ => {}
            }
        }
        let closed: Vec<(Moment, Moment)> = said
            .iter()
            .filter(|verdict| verdict.policy.as_str() == "closed")
            .map(|verdict| (verdict.since, verdict.until.unwrap()))
            .collect();
        prop_assert_eq!(closed, expected);
    }
}

fn serving_all_day() -> Vec<Event> {
    let officer = OfficerId::new("p-1");
    vec![
        event(1, "loket-1", 7 * 60, Kind::SignedIn { officer }),
        event(2, "loket-1", 15 * 60, Kind::ServiceStarted { booking: None }),
        event(3, "loket-1", 20 * 60, Kind::WorkstationHeartbeat),
    ]
}

#[test]
fn an_office_without_a_calendar_is_never_closed() {
    let mut engine = Engine::new(roster(NO_HOURS), policies(), Clock::Events);
    for event in serving_all_day() {
        engine.insert(event).unwrap();
    }
    engine.judge();
    assert!(
        engine
            .verdicts()
            .iter()
            .all(|verdict| verdict.policy.as_str() == "idle")
    );
}

#[test]
fn a_changed_calendar_is_in_force_from_its_moment_and_touches_nothing_else() {
    let longer = ROSTER.replace(
        "wednesday = { open = \"08:00-16:00\"",
        "wednesday = { open = \"08:00-18:00\"",
    );
    let policies = set(&[
        policy("closed", "session", "service.active && !office.open", "15m"),
        policy("serving", "session", "service.active", "10m"),
    ]);
    let noon = Moment::parse(DAY)
        .unwrap()
        .plus_ms(15 * 60 * MINUTE_MS + 30 * MINUTE_MS);
    for activated_first in [true, false] {
        let mut engine = Engine::new(roster(ROSTER), policies.clone(), Clock::Events);
        let events = serving_all_day();
        for event in &events[..2] {
            engine.insert(event.clone()).unwrap();
        }
        if activated_first {
            engine.judge();
            engine.activate(noon, roster(&longer), policies.clone());
        }
        engine.insert(events[2].clone()).unwrap();
        if !activated_first {
            engine.judge();
            engine.activate(noon, roster(&longer), policies.clone());
        }
        engine.judge();
        let said: Vec<(String, String, Option<Moment>)> = engine
            .verdicts()
            .iter()
            .map(|verdict| {
                let zone = engine.roster().office.zone;
                (verdict.policy.to_string(), verdict.since.rfc3339(zone), verdict.until)
            })
            .collect();
        let expected = [
            // It began before the change and goes on over it.
            ("serving".to_string(), "2026-11-25T15:00:00.000+07:00".to_string(), None),
            ("closed".to_string(), "2026-11-25T18:00:00.000+07:00".to_string(), None),
        ];
        assert_eq!(said, expected, "activated first: {activated_first}");
    }
}

#[test]
fn the_engine_asks_to_be_woken_when_the_hours_turn() {
    let mut engine = Engine::new(roster(ROSTER), policies(), Clock::Events);
    for event in &serving_all_day()[..2] {
        engine.insert(event.clone()).unwrap();
    }
    engine.judge();
    let zone = engine.roster().office.zone;
    assert_eq!(engine.wake_at().rfc3339(zone), "2026-11-25T16:00:00.000+07:00");
}
