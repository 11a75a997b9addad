//! Clocks as they come: right, off, dead, set in the middle, and delays that are none of it.

use proptest::prelude::*;

use super::*;
use crate::engine::event::{Kind, OfficeId, Place};

const DAY: Moment = Moment(1_795_500_000_000);

fn event(told: Moment, boot: Option<&str>) -> Event {
    Event {
        office: OfficeId::new("tangerang"),
        device: DeviceId::new("loket-03"),
        id: "e".into(),
        time: told,
        place: boot.map(|boot| Place {
            boot: boot.into(),
            sequence: 0,
        }),
        kind: Kind::WorkstationHeartbeat,
        reading: None,
    }
}

/// What becomes of messages, given as (told, received) in milliseconds since `DAY`.
fn heard(messages: &[(i64, i64)]) -> (Clocks, Vec<Event>) {
    let mut clocks = Clocks::default();
    let events = messages.iter().map(|(told, received)| {
        let mut event = event(DAY.plus_ms(*told), Some("b1"));
        clocks.judge(&mut event, Some(DeviceKind::Workstation), DAY.plus_ms(*received));
        event
    });
    let events = events.collect();
    (clocks, events)
}

/// A heartbeat every half minute by a clock that is `off_ms` behind.
fn steady(beats: i64, off_ms: i64) -> Vec<(i64, i64)> {
    (0..beats).map(|n| (n * 30_000 - off_ms, n * 30_000 + 40)).collect()
}

fn trust(event: &Event) -> Option<Trust> {
    event.reading.as_ref().map(|reading| reading.trust)
}

#[test]
fn what_becomes_of_a_clock_that_is_off() {
    use Trust::{Corrected, Poor};
    // Behind by so much; what the third heartbeat, after a minute, is taken for, and its time if not as told.
    let rows = [
        (0, None, -1),
        (30_000 - 40, None, -1),
        (30_001 - 40, Some(Corrected), 60_040),
        (120_000 - 40, Some(Corrected), 60_040),
        (120_001 - 40, Some(Poor), 60_040),
        (86_400_000, Some(Poor), 60_040),
        (-30_000 + 40, None, -1),
        (-31_000, Some(Corrected), 60_040),
        (-130_000, Some(Poor), 60_040),
    ];
    for (off_ms, expected, at) in rows {
        let (_, events) = heard(&steady(3, off_ms));
        let third = &events[2];
        assert_eq!(trust(third), expected, "{off_ms}");
        let judged = if at < 0 { 60_000 - off_ms } else { at };
        assert_eq!(third.time, DAY.plus_ms(judged), "{off_ms}");
        // That a clock is ahead shows at once, that it is behind only after a minute.
        let first = if off_ms < 0 { expected } else { None };
        assert_eq!(trust(&events[0]), first, "{off_ms}");
    }
}

#[test]
fn a_dead_clock_is_known_at_once() {
    for year in [
        "1970-01-01T00:00:05Z",
        "2000-01-01T00:00:00Z",
        "2019-12-31T23:59:59.999Z",
    ] {
        let mut clocks = Clocks::default();
        let mut event = event(Moment::parse(year).unwrap(), None);
        clocks.judge(&mut event, Some(DeviceKind::Lockbox), DAY);
        assert_eq!((trust(&event), event.time), (Some(Trust::Poor), DAY), "{year}");
        assert_eq!(clocks.shown()[0].marked, Some((Trust::Poor, DAY)));
    }
}

#[test]
fn people_s_acts_keep_their_times() {
    let mut clocks = Clocks::default();
    for n in 0..5 {
        let mut event = event(DAY.plus_ms(n * 30_000 - 600_000), None);
        clocks.judge(&mut event, Some(DeviceKind::System), DAY.plus_ms(n * 30_000));
        assert_eq!(trust(&event), None);
    }
    assert_eq!(clocks.shown(), []);
}

#[test]
fn a_late_message_is_corrected_by_what_is_known_already() {
    let mut messages = steady(4, 60_000);
    // Sent at 110 s, and half a minute under way.
    messages.push((110_000 - 60_000, 140_000));
    let (_, events) = heard(&messages);
    assert_eq!(events[4].time, DAY.plus_ms(110_040));
}

#[test]
fn a_clock_that_was_set_is_right_at_once_or_learnt_anew() {
    // Behind by a minute, then right: earlier than the offset allows.
    let mut messages = steady(4, 60_000);
    messages.push((120_000, 120_040));
    let (_, events) = heard(&messages);
    assert_eq!((trust(&events[3]), trust(&events[4])), (Some(Trust::Corrected), None));
    // Right, then behind: that may be a delay, until it goes on in step for a minute.
    let mut messages = steady(4, 0);
    messages.extend((4..8).map(|n| (n * 30_000 - 600_000, n * 30_000 + 40)));
    let (_, events) = heard(&messages);
    let marks: Vec<bool> = events.iter().map(|event| event.reading.is_some()).collect();
    assert_eq!(marks, [false, false, false, false, false, false, true, true]);
    assert!(
        !events[6].reading.as_ref().unwrap().whole_boot,
        "it was right in this boot"
    );
}

#[test]
fn a_boot_that_began_with_a_wrong_clock_is_wrong_from_its_begin() {
    let (_, events) = heard(&steady(3, 600_000));
    assert!(events[2].reading.as_ref().unwrap().whole_boot);
    // Another boot says nothing of this one.
    let mut clocks = Clocks::default();
    for (n, boot) in ["a", "a", "a", "b", "b"].into_iter().enumerate() {
        let at = DAY.plus_ms(n as i64 * 30_000);
        let mut event = event(at.plus_ms(-60_000), Some(boot));
        clocks.judge(&mut event, Some(DeviceKind::Workstation), at);
        assert_eq!(trust(&event).is_some(), n == 2, "{n}");
    }
}

/// A device with a right clock: when it told what, and how long until that was received.
fn right_clock() -> impl Strategy<Value = Vec<(i64, i64)>> {
    // Pauses between messages, jitter on the way, and now and then the line is down for a while; then everything
    // comes in one go.
    let step = (
        1i64..60_000,
        0i64..1_500,
        prop::option::weighted(0.1, 30_000i64..7_200_000),
    );
    prop::collection::vec(step, 1..150).prop_map(|steps| {
        let (mut told, mut up_at, mut received) = (0, 0, 0);
        let mut messages = Vec::new();
        for (pause, jitter, down) in steps {
            told += pause;
            if let Some(down) = down {
                up_at = up_at.max(told + down);
            }
            received = (told + jitter).max(up_at).max(received + 5);
            messages.push((told, received));
        }
        messages
    })
}

proptest! {
    #[test]
    fn neither_delay_nor_a_backlog_is_taken_for_a_wrong_clock(messages in right_clock()) {
        let (_, events) = heard(&messages);
        for (event, (told, _)) in events.iter().zip(&messages) {
            prop_assert_eq!(&event.reading, &None);
            prop_assert_eq!(event.time, DAY.plus_ms(*told));
        }
    }

    #[test]
    // Delay counts as the clock's fault: near the limit of what is corrected, poor is right as well.
    fn what_is_corrected_is_right_to_two_seconds(messages in right_clock(), off_ms in -110_000i64..110_000) {
        let off: Vec<(i64, i64)> = messages.iter().map(|(told, received)| (told - off_ms, *received)).collect();
        let (_, events) = heard(&off);
        for (event, (told, received)) in events.iter().zip(&messages) {
            match trust(event) {
                None => prop_assert_eq!(event.time, DAY.plus_ms(told - off_ms)),
                // A clock that is ahead and not in step yet is at least known not to be later than the receipt.
                Some(Trust::Corrected) => {
                    let wrong_ms = event.time.ms_since(DAY.plus_ms(*told));
                    prop_assert!((0..=received - told).contains(&wrong_ms) && (off_ms < 0 || wrong_ms <= 3_500), "{} {}", wrong_ms, off_ms);
                }
                Some(Trust::Poor) => prop_assert!(false),
            }
        }
    }

    #[test]
    fn the_ledger_teaches_what_life_taught(messages in right_clock(), off_ms in -300_000i64..300_000) {
        let off: Vec<(i64, i64)> = messages.iter().map(|(told, received)| (told - off_ms, *received)).collect();
        let (clocks, events) = heard(&off);
        let mut again = Clocks::default();
        for (judged, (told, received)) in events.iter().zip(&off) {
            let mut read = event(DAY.plus_ms(*told), Some("b1"));
            as_judged(&mut read, judged.time, judged.reading.as_ref().map(|reading| reading.as_str()));
            prop_assert_eq!(&read, judged);
            again.remember(&read, Some(DeviceKind::Workstation), DAY.plus_ms(*received));
        }
        prop_assert_eq!(again.shown(), clocks.shown());
    }
}
