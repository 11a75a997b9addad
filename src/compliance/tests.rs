//! What is served, known and verified in small stories.

use std::sync::Arc;

use super::*;
use crate::engine::policy::PolicySet;
use crate::explain::Rules;
use crate::scenario;

fn past(timeline: &str, begin: &str) -> Past {
    let set = PolicySet::parse([(
        "p.toml",
        "phone-out-during-service",
        include_str!("../../policies/phone-out-during-service.toml"),
    )])
    .unwrap();
    let text = format!("{begin}\n[[test]]\nname = \"a day\"\ntimeline = \"\"\"\n{timeline}\n\"\"\"\nexpect = []\n");
    let file =
        scenario::read("p.test.toml", &text, &set.policies[0], false).unwrap_or_else(|faults| panic!("{faults}"));
    let scenario = &file.scenarios[0];
    Past {
        rules: vec![Rules {
            from: Moment::MIN,
            roster: scenario.roster.clone(),
            policies: Arc::new(set),
        }],
        events: scenario.events.clone(),
        again_ms: i64::MAX / 4,
    }
}

/// Minutes served, known, verified and exempt, and sign-ins, hour by hour.
fn minutes(timeline: &str) -> Vec<(u8, [f64; 4], i64)> {
    let date = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
    let hours = measure(&past(timeline, "date = \"2026-11-24\""), date..=date, Tz::Asia__Jakarta);
    let minutes = |ms: i64| ms as f64 / 60_000.0;
    hours
        .into_iter()
        .map(|(hour, told)| {
            let all = [told.served_ms, told.known_ms, told.verified_ms, told.exempt_ms];
            (hour.hour, all.map(minutes), told.sessions)
        })
        .collect()
}

#[test]
fn a_service_with_the_phone_in_is_verified_and_split_by_the_hour() {
    assert_eq!(
        minutes(
            "08:50 p-003 deposits\n08:55 loket-03 sign-in p-003\n08:56 loket-03 service starts\n09:10 loket-03 service ends\n09:20 end"
        ),
        [(8, [4.0, 4.0, 4.0, 0.0], 1), (9, [10.0, 10.0, 10.0, 0.0], 0)]
    );
}

#[test]
fn a_sign_in_without_a_service_is_none() {
    assert_eq!(
        minutes("08:00 p-003 deposits\n08:05 loket-03 sign-in p-003\n08:30 loket-03 sign-out"),
        []
    );
}

#[test]
fn what_is_out_is_known_and_not_verified() {
    assert_eq!(
        minutes(
            "08:00 p-003 deposits\n08:00 loket-03 sign-in p-003\n08:10 loket-03 service starts\n08:12 p-003 withdraws\n\
                 08:15 p-003 deposits\n08:20 loket-03 service ends\n08:30 end"
        ),
        [(8, [10.0, 10.0, 7.0, 0.0], 1)]
    );
}

#[test]
fn messages_and_a_phone_on_usb_are_not_verified() {
    assert_eq!(
        minutes(
            "08:00 p-003 deposits\n08:00 loket-03 sign-in p-003\n08:10 loket-03 service starts\n\
                 08:11 loket-03 app opens messaging\n08:12 loket-03 app closes messaging\n08:13 loket-03 usb attaches mtp id 7\n\
                 08:15 loket-03 usb detaches mtp id 7\n08:20 loket-03 service ends\n08:30 end"
        ),
        [(8, [10.0, 10.0, 7.0, 0.0], 1)]
    );
}

#[test]
fn a_silent_counter_serves_on_and_proves_nothing() {
    assert_eq!(
        minutes(
            "08:00 p-003 deposits\n08:00 loket-03 sign-in p-003\n08:10 loket-03 service starts\n\
                 loket-03 silent from 08:20 to 08:30\n08:40 loket-03 service ends\n08:50 end"
        ),
        [(8, [30.0, 20.0, 20.0, 0.0], 1)]
    );
}

#[test]
fn a_silent_lockbox_leaves_custody_unknown() {
    assert_eq!(
        minutes(
            "08:00 p-003 deposits\n08:00 loket-03 sign-in p-003\n08:10 loket-03 service starts\n\
                 loker-a silent from 08:20 to 08:30\n08:40 loket-03 service ends\n08:50 end"
        ),
        [(8, [30.0, 20.0, 20.0, 0.0], 1)]
    );
}

#[test]
fn a_clock_that_is_off_proves_nothing() {
    let told = minutes(
        "08:00 p-003 deposits\n08:00 loket-03 sign-in p-003\n08:10 loket-03 service starts\n\
         loket-03 clock off from 08:20 to 08:30\n08:40 loket-03 service ends\n08:50 end",
    );
    assert_eq!(told, [(8, [30.0, 20.0, 20.0, 0.0], 1)]);
}

#[test]
fn exempt_service_is_counted_apart() {
    let told = minutes(
        "08:00 loket-03 sign-in p-003\n08:00 p-003 exempt from 08:10 until 08:20\n08:10 loket-03 service starts\n\
         08:30 loket-03 service ends\n08:50 end",
    );
    assert_eq!(told, [(8, [20.0, 20.0, 0.0, 10.0], 1)]);
    let service = Service {
        served_ms: 20,
        known_ms: 20,
        verified_ms: 5,
        exempt_ms: 10,
        sessions: 1,
    };
    assert_eq!(service.compliance(), Some(0.5));
    assert_eq!(service.coverage(), Some(1.0));
    assert_eq!(Service::default().compliance(), None);
}

#[test]
fn phones_fetched_in_an_emergency_count_against_nobody() {
    let told = minutes(
        "08:00 p-003 deposits\n08:00 loket-03 sign-in p-003\n08:10 loket-03 service starts\n08:15 office emergency starts\n\
         08:16 p-003 withdraws\n08:20 p-003 deposits\n08:25 office emergency ends\n08:30 loket-03 service ends\n08:50 end",
    );
    // It lasts a quarter of an hour longer, for the way back.
    assert_eq!(told, [(8, [20.0, 20.0, 5.0, 15.0], 1)]);
}
