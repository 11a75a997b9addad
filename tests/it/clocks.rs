//! Clocks that are off: what is held against nobody because of them, and that any order of arrival ends the same.

mod live;
mod twice;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jagaloket::engine::event::{DeviceId, Event, HandsetId, Kind, OfficeId, OfficerId, Place, Reading, Trust};
use jagaloket::engine::roster::Roster;
use jagaloket::engine::time::Moment;
use jagaloket::engine::trace::Trace;
use jagaloket::engine::verdict::Verdict;
use jagaloket::engine::{Clock, Engine};
use proptest::prelude::*;

use crate::engine::{events as example_day, play, rules, without_evidence};
use crate::support::EXAMPLE_DAYS;

const ROSTER: &str = r#"
[office]
id = "kota"
name = "Kota"
timezone = "Asia/Jakarta"
[[counter]]
id = "loket-1"
[[counter]]
id = "loket-2"
[[lockbox]]
id = "loker-a"
slots = 4
[[officer]]
id = "p-1"
name = "Satu"
lockbox = "loker-a"
handsets = [{ id = "h-1", class = "private" }]
"#;

const BEGIN: Moment = Moment(1_795_500_000_000);

fn at(second: i64) -> Moment {
    BEGIN.plus_ms(second * 1_000)
}

fn event(device: &str, second: i64, kind: Kind) -> Event {
    Event {
        office: OfficeId::new("kota"),
        device: DeviceId::new(device),
        id: format!("{device}@{second}/{}", kind.name()).into(),
        time: at(second),
        place: None,
        kind,
        reading: None,
    }
}

fn marked(event: Event, trust: Trust) -> Event {
    let told = event.time;
    Event {
        reading: Some(Box::new(Reading {
            told,
            trust,
            whole_boot: false,
        })),
        ..event
    }
}

fn p1() -> OfficerId {
    OfficerId::new("p-1")
}

fn engine() -> Engine {
    let roster = Roster::parse(ROSTER).unwrap();
    Engine::new(Arc::new(roster), rules().1, Clock::Events)
}

/// Everything said of these events, in order, and backwards one by one; it must be the same.
#[track_caller]
fn verdicts(events: &[Event]) -> Vec<Verdict> {
    let mut ahead = engine();
    for event in events {
        ahead.insert(event.clone()).unwrap();
    }
    ahead.judge();
    let mut back = engine();
    for event in events.iter().rev() {
        back.insert(event.clone()).unwrap();
        back.judge();
    }
    assert_eq!(back.verdicts(), ahead.verdicts(), "backwards");
    ahead.verdicts()
}

/// `policy since until` in seconds, of what is said about people and devices beside silence.
#[track_caller]
fn check(events: &[Event], expected: &[&str]) {
    let said: Vec<String> = verdicts(events)
        .iter()
        .map(|verdict| {
            let seconds = |at: Moment| at.ms_since(BEGIN) as f64 / 1e3;
            let until = verdict.until.map_or("…".into(), |until| seconds(until).to_string());
            format!("{} {} {until}", verdict.policy, seconds(verdict.since))
        })
        .filter(|line| !line.contains("outside-shift"))
        .collect();
    assert_eq!(said, expected);
}

/// A heartbeat every half minute; those between the two times are marked.
fn beats(device: &str, seconds: i64, poor: std::ops::Range<i64>) -> Vec<Event> {
    let kind = match device {
        "loker-a" => Kind::LockboxHeartbeat,
        _ => Kind::WorkstationHeartbeat,
    };
    (0..=seconds / 30)
        .map(|n| event(device, n * 30, kind.clone()))
        .map(|event| match poor.contains(&(event.time.ms_since(BEGIN) / 1_000)) {
            true => marked(event, Trust::Poor),
            false => event,
        })
        .collect()
}

fn withdrawn(second: i64) -> Event {
    let kind = Kind::Withdrawn {
        officer: p1(),
        slot: 1,
        handset: Some(HandsetId::new("h-1")),
        by: None,
    };
    event("loker-a", second, kind)
}

#[test]
fn a_poor_stretch_reaches_from_the_good_event_before_to_the_good_one_after() {
    let mut events = beats("loket-1", 900, 301..500);
    events.extend(beats("loker-a", 900, 0..0));
    events.push(event("loket-1", 10, Kind::SignedIn { officer: p1() }));
    events.push(event("loket-1", 20, Kind::ServiceStarted { booking: None }));
    check(
        &events,
        &[
            "phone-out-during-service 20 300",
            "device-clock-off 300 510",
            "phone-out-during-service 510 …",
        ],
    );
}

#[test]
fn without_a_good_event_after_it_nothing_is_judged_again() {
    let mut events = beats("loket-1", 900, 301..9_999);
    events.extend(beats("loker-a", 900, 0..0));
    events.push(event("loket-1", 10, Kind::SignedIn { officer: p1() }));
    events.push(event("loket-1", 20, Kind::ServiceStarted { booking: None }));
    check(&events, &["phone-out-during-service 20 300", "device-clock-off 300 …"]);
}

#[test]
fn a_device_whose_first_event_is_poor_is_poor_from_it_on() {
    let mut events = beats("loket-1", 900, 0..200);
    events.extend(beats("loker-a", 900, 0..0));
    events.push(marked(
        event("loket-1", 10, Kind::SignedIn { officer: p1() }),
        Trust::Poor,
    ));
    events.push(marked(
        event("loket-1", 20, Kind::ServiceStarted { booking: None }),
        Trust::Poor,
    ));
    check(&events, &["device-clock-off 0 210", "phone-out-during-service 210 …"]);
}

#[test]
fn what_a_poor_lockbox_did_counts_once_it_tells_the_time_again() {
    let mut events = beats("loker-a", 900, 301..500);
    events.extend(beats("loket-1", 900, 0..0));
    events.push(event(
        "loker-a",
        5,
        Kind::Deposited {
            officer: p1(),
            slot: 1,
            handset: None,
            by: None,
        },
    ));
    events.push(event("loket-1", 10, Kind::SignedIn { officer: p1() }));
    events.push(event("loket-1", 20, Kind::ServiceStarted { booking: None }));
    events.push(marked(withdrawn(400), Trust::Poor));
    check(
        &events,
        &[
            "custody-unverifiable 300 510",
            "lockbox-clock-off 300 510",
            "phone-out-during-service 510 …",
        ],
    );
}

/// A boot whose clock is ten minutes behind: the first events are taken for right, until the third shows that they are not.
#[test]
fn a_boot_that_turns_out_to_be_behind_is_corrected_from_its_begin() {
    let placed = |event: Event, boot: &str, sequence| Event {
        place: Some(Place {
            boot: boot.into(),
            sequence,
        }),
        ..event
    };
    let mut events: Vec<Event> = beats("loket-1", 1_200, 0..0)
        .into_iter()
        .enumerate()
        .map(|(n, event)| placed(event, "a", n as u64))
        .collect();
    events.extend(beats("loker-a", 1_320, 0..0));
    // From 1,230 s on the new boot; its clock says 630.
    events.push(placed(event("loket-1", 630, Kind::WorkstationStarted), "b", 0));
    events.push(placed(event("loket-1", 640, Kind::SignedIn { officer: p1() }), "b", 1));
    events.push(placed(
        event("loket-1", 650, Kind::ServiceStarted { booking: None }),
        "b",
        2,
    ));
    for (sequence, trust) in [(3, Trust::Poor), (4, Trust::Poor)] {
        let second = 1_300 + sequence * 10;
        let mut beat = placed(
            event("loket-1", second, Kind::WorkstationHeartbeat),
            "b",
            sequence as u64,
        );
        beat.reading = Some(Box::new(Reading {
            told: at(second - 600),
            trust,
            whole_boot: true,
        }));
        events.push(beat);
    }
    // Nothing in the ten minutes in which nobody served; then the service at its time, but poor.
    check(&events, &["device-clock-off 1200 …"]);
    let mut engine = engine();
    for event in &events {
        engine.insert(event.clone()).unwrap();
    }
    engine.judge();
    let view = engine.view();
    assert_eq!(view.counters[0].session, Some((p1(), at(1_240))));
    assert_eq!(
        view.counters[0].service.as_ref().map(|service| service.since),
        Some(at(1_250))
    );
}

/// Marks stretches of a day at random, a device at a time.
pub fn with_bad_clocks(mut events: Vec<Event>, rng: &mut fastrand::Rng) -> Vec<Event> {
    events.sort_by_key(|event| event.time);
    let devices: BTreeSet<DeviceId> = events
        .iter()
        .map(|event| event.device.clone())
        .filter(|device| device.as_str().starts_with("lok"))
        .collect();
    for device in devices {
        let (mut trust, mut left) = (None, 0);
        for event in events.iter_mut().filter(|event| event.device == device) {
            if left == 0 {
                left = rng.u32(1..200);
                trust = [None, None, Some(Trust::Poor), Some(Trust::Corrected)][rng.usize(0..4)];
            }
            left -= 1;
            if let Some(trust) = trust {
                *event = marked(event.clone(), trust);
            }
        }
    }
    events
}

/// When an event of a boot counts: never before a lower sequence of it.
fn effective(events: &[Event]) -> Vec<Moment> {
    let mut order: Vec<usize> = (0..events.len()).collect();
    order.sort_by_key(|ix| events[*ix].place.as_ref().map_or(0, |place| place.sequence));
    let mut latest: HashMap<(&DeviceId, &str), Moment> = HashMap::new();
    let mut times: Vec<Moment> = events.iter().map(|event| event.time).collect();
    for ix in order {
        if let Some(place) = &events[ix].place {
            let latest = latest.entry((&events[ix].device, &place.boot)).or_insert(Moment::MIN);
            *latest = times[ix].max(*latest);
            times[ix] = *latest;
        }
    }
    times
}

fn is_poor(event: &Event) -> bool {
    event
        .reading
        .as_ref()
        .is_some_and(|reading| reading.trust == Trust::Poor)
}

/// Cuts a day of each device into boots. Some of them begin with a clock that is behind, and several events say so: rarely
/// by as much, for clocks are set and messages delayed. Some of it is told by ticks, which may end before the day does.
fn with_boots_behind(mut events: Vec<Event>, rng: &mut fastrand::Rng) -> Vec<Event> {
    events.sort_by_key(|event| event.time);
    let (begin, end) = (events[0].time, events[events.len() - 1].time);
    let devices: BTreeSet<DeviceId> = events
        .iter()
        .map(|event| event.device.clone())
        .filter(|device| device.as_str().starts_with("lok"))
        .collect();
    for device in devices {
        let (mut boot, mut sequence, mut length, mut behind_ms) = (0, 0, 0, None);
        for event in events.iter_mut().filter(|event| event.device == device) {
            if sequence == length {
                boot += 1;
                sequence = 0;
                length = rng.u64(1..300);
                behind_ms = rng.bool().then(|| rng.i64(30_000..3_000_000));
            }
            event.place = Some(Place {
                boot: format!("b{boot}").into(),
                sequence,
            });
            if let Some(behind_ms) = behind_ms {
                let told = event.time.plus_ms(-behind_ms);
                if rng.u8(0..8) == 0 {
                    event.time = event.time.plus_ms(rng.i64(-20_000..900_000));
                    event.reading = Some(Box::new(Reading {
                        told,
                        trust: [Trust::Poor, Trust::Corrected][rng.usize(0..2)],
                        whole_boot: rng.u8(0..4) != 0,
                    }));
                } else {
                    event.time = told;
                }
            }
            sequence += 1;
        }
    }
    for n in 0..[0, 4][rng.usize(0..2)] {
        let tick = Event {
            office: events[0].office.clone(),
            device: DeviceId::new("monitor"),
            id: format!("tick {n}").into(),
            time: begin.plus_ms(rng.i64(0..=end.ms_since(begin))),
            place: None,
            kind: Kind::Ticked,
            reading: None,
        };
        events.push(tick);
    }
    events
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_arrival_ends_the_same_with_bad_clocks(seed in any::<u64>(), day in 0..EXAMPLE_DAYS.len(), portion in 1usize..900) {
        let (roster, _) = rules();
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut events = with_bad_clocks(example_day(EXAMPLE_DAYS[day], &roster), &mut rng);
        let at_once = play(&events, || usize::MAX);
        rng.shuffle(&mut events);
        let shuffled = play(&events, || rng.usize(1..=portion));
        prop_assert_eq!(without_evidence(shuffled), without_evidence(at_once));
    }

    #[test]
    fn any_order_of_arrival_ends_the_same_whichever_reading_of_a_boot_comes_first(seed in any::<u64>(), day in 0..EXAMPLE_DAYS.len(), portion in 1usize..900) {
        let (roster, _) = rules();
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut events = with_boots_behind(example_day(EXAMPLE_DAYS[day], &roster), &mut rng);
        let at_once = play(&events, || usize::MAX);
        rng.shuffle(&mut events);
        let shuffled = play(&events, || rng.usize(1..=portion));
        prop_assert_eq!(without_evidence(shuffled), without_evidence(at_once));
    }

    #[test]
    fn no_condition_about_people_holds_next_to_a_poor_event(seed in any::<u64>(), day in 0..EXAMPLE_DAYS.len()) {
        let (roster, policies) = rules();
        let mut rng = fastrand::Rng::with_seed(seed);
        let events = with_bad_clocks(example_day(EXAMPLE_DAYS[day], &roster), &mut rng);
        let times = effective(&events);
        let mut engine = Engine::new(roster, policies, Clock::Events);
        events.iter().for_each(|event| engine.insert(event.clone()).unwrap());
        let mut trace = Trace::default();
        engine.judge_traced(&mut trace);
        for held in trace.held {
            let Some(counter) = &held.counter else { continue };
            if ["device-clock-off", "counter-silent"].contains(&held.policy.id.as_str()) {
                continue;
            }
            let own = || events.iter().zip(&times).filter(|(event, _)| event.device == *counter);
            for (event, at) in own().filter(|(event, _)| is_poor(event)) {
                for (start, end) in &held.pieces {
                    prop_assert!(!(start < at && at < end), "{:?} of {} over {:?}", (start, end), held.policy.id, event);
                }
            }
        }
    }
}
