//! Holes as they come and go.

use proptest::prelude::*;

use super::*;
use crate::engine::event::{Kind, OfficeId, Place};

fn event(device: &str, boot: &str, sequence: u64) -> Event {
    Event {
        office: OfficeId::new("tangerang"),
        device: DeviceId::new(device),
        id: "e".into(),
        time: Moment(0),
        place: Some(Place {
            boot: boot.into(),
            sequence,
        }),
        kind: Kind::WorkstationHeartbeat,
        reading: None,
    }
}

/// Hears (boot, sequence) of one device, one a millisecond; `boot first-last since[ filled]` of each gap.
#[track_caller]
fn check(heard: &[(&str, u64)], expected: &[&str]) {
    let mut gaps = Gaps::default();
    for (n, (boot, sequence)) in heard.iter().enumerate() {
        gaps.hear(&event("loket-01", boot, *sequence), Moment(n as i64));
    }
    let shown: Vec<String> = gaps
        .shown(Moment(1_000))
        .iter()
        .map(|gap| {
            let filled = gap.filled.map_or(String::new(), |at| format!(" {}", at.0));
            format!("{} {}-{} {}{filled}", gap.boot, gap.first, gap.last, gap.since.0)
        })
        .collect();
    assert_eq!(shown, expected);
}

#[test]
fn a_hole_appears_is_filled_and_closes() {
    check(&[("a", 4), ("a", 5)], &[]);
    check(&[("a", 4), ("a", 8)], &["a 5-7 1"]);
    check(&[("a", 4), ("a", 8), ("a", 6)], &["a 5-5 1", "a 7-7 1"]);
    check(&[("a", 4), ("a", 8), ("a", 6), ("a", 5)], &["a 7-7 1"]);
    check(&[("a", 4), ("a", 8), ("a", 6), ("a", 5), ("a", 7)], &["a 5-7 1 4"]);
    // Known already: nothing changes.
    check(&[("a", 4), ("a", 8), ("a", 8), ("a", 4)], &["a 5-7 1"]);
}

#[test]
fn the_first_boot_may_have_begun_before_us_and_a_later_one_begins_at_0() {
    check(&[("a", 40), ("a", 38)], &["a 39-39 1"]);
    check(&[("a", 40), ("b", 2)], &["b 0-1 1"]);
    check(&[("a", 40), ("b", 0), ("b", 1), ("a", 42)], &["a 41-41 3"]);
}

#[test]
fn whatever_a_device_numbers_its_events_what_is_kept_is_bounded() {
    let mut gaps = Gaps::default();
    gaps.hear(&event("loket-01", "a", 0), Moment(0));
    gaps.hear(&event("loket-01", "a", u64::MAX), Moment(1));
    assert_eq!(gaps.shown(Moment(2))[0].events(), u64::MAX - 1);
    for n in 0..5_000u64 {
        gaps.hear(&event("loket-01", "a", n * 3), Moment(2));
        gaps.hear(&event("loket-01", &format!("b{n}"), 7), Moment(2));
    }
    assert!(gaps.shown(Moment(3)).len() <= BOOTS_MAX * (HOLES_MAX + 1) + CLOSED_MAX);
    assert!(gaps.given_up() > 0);
    gaps.forget(Moment(1_000), 100);
    assert!(gaps.shown(Moment(1_000)).iter().all(|gap| gap.filled.is_some()));
    gaps.forget(Moment(CLOSED_SHOWN_MS + 1_000), i64::MAX);
    assert_eq!(gaps.shown(Moment(0)), []);
}

proptest! {
    #[test]
    fn any_order_of_arrival_leaves_the_same_holes(numbers in prop::collection::hash_set(0u64..60, 2..50), seed in any::<u64>()) {
        let mut numbers: Vec<u64> = numbers.into_iter().collect();
        fastrand::Rng::with_seed(seed).shuffle(&mut numbers);
        let mut gaps = Gaps::default();
        for sequence in &numbers {
            gaps.hear(&event("loket-01", "a", *sequence), Moment(0));
        }
        let (low, high) = (*numbers.iter().min().unwrap(), *numbers.iter().max().unwrap());
        let missing: Vec<u64> = (low..high).filter(|number| !numbers.contains(number)).collect();
        let shown: Vec<u64> = gaps
            .shown(Moment(0))
            .iter()
            .filter(|gap| gap.filled.is_none())
            .flat_map(|gap| gap.first..=gap.last)
            .collect();
        prop_assert_eq!(shown, missing);
    }
}
