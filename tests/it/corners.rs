//! Corners of the contract that were once judged otherwise, each as a few events and all that is to be said of them.

use jagaloket::engine::event::Event;
use jagaloket::engine::roster::Roster;
use jagaloket::engine::{Clock, Engine};
use jagaloket::wire;
use serde_json::{Value, json};

use crate::engine::{play, rules};

/// Device, time of day, type, data, and the place in a boot if there is one: `b1/3`.
type Told<'a> = (&'a str, &'a str, &'a str, Value, &'a str);

/// Judges the events as told and backwards; their ids are their numbers.
fn check(told: &[Told], expected: &[(&str, &str, Option<&str>)]) {
    let ids: Vec<String> = (0..told.len()).map(|number| format!("e{number}")).collect();
    check_with_ids(told, &ids, expected);
}

fn check_with_ids(told: &[Told], ids: &[String], expected: &[(&str, &str, Option<&str>)]) {
    let (roster, _) = rules();
    let mut events = parsed(told, ids, &roster);
    for order in ["as told", "backwards"] {
        for portion in [usize::MAX, 1] {
            let zone = roster.office.zone;
            let verdicts: Vec<Value> = play(&events, || portion)
                .iter()
                .map(|verdict| serde_json::to_value(verdict.line(zone)).unwrap())
                .collect();
            let time = |of: &Value| of.as_str().map(|time| time[11..19].to_owned());
            let said: Vec<_> = verdicts
                .iter()
                .map(|verdict| {
                    let policy = verdict["policy"].as_str().unwrap();
                    (policy, time(&verdict["since"]).unwrap(), time(&verdict["until"]))
                })
                .collect();
            let said: Vec<_> = said
                .iter()
                .map(|(policy, since, until)| (*policy, since.as_str(), until.as_deref()))
                .collect();
            assert_eq!(said, expected, "{order}, portions of {portion}");
        }
        events.reverse();
    }
}

fn parsed(told: &[Told], ids: &[String], roster: &Roster) -> Vec<Event> {
    let event = |((device, time, kind, data, place), id): (&Told, &String)| {
        let mut body = json!({"specversion": "1.0", "id": id, "source": format!("/tangerang/{device}"), "type": kind,
            "time": format!("2026-11-24T{time}+07:00"), "data": data});
        if let Some((boot, sequence)) = place.split_once('/') {
            body["bootid"] = boot.into();
            body["sequence"] = sequence.into();
        }
        wire::parse(None, body.to_string().as_bytes(), roster, &wire::Limits::REPLAY).unwrap()
    };
    told.iter().zip(ids).map(event).collect()
}

fn officer(id: &str) -> Value {
    json!({ "officer": id })
}

#[test]
fn signing_in_again_at_the_same_counter_ends_no_declaration_after_the_shift() {
    check(
        &[
            ("system", "08:00:00.000", "shift.started", officer("p-004"), ""),
            ("system", "08:00:00.000", "custody.declared_none", officer("p-004"), ""),
            ("loket-05", "08:00:01.000", "session.signed_in", officer("p-004"), ""),
            ("system", "08:30:00.000", "shift.ended", officer("p-004"), ""),
            ("loket-05", "08:31:00.000", "session.signed_in", officer("p-004"), ""),
            ("loket-05", "08:32:00.000", "service.started", json!({}), ""),
            ("loket-05", "08:40:00.000", "session.signed_out", officer("p-004"), ""),
        ],
        &[],
    );
}

#[test]
fn a_grant_whose_from_is_its_own_time_stays_there_when_a_lower_sequence_turns_out_to_be_later() {
    let grant = json!({"officer": "p-001", "approver": "s-02",
        "from": "2026-11-24T09:58:00+07:00", "until": "2026-11-24T10:30:00+07:00"});
    check(
        &[
            ("system", "09:49:00.000", "shift.started", officer("p-001"), ""),
            ("loket-05", "09:50:00.000", "session.signed_in", officer("p-001"), ""),
            ("loket-05", "09:55:00.000", "service.started", json!({}), ""),
            ("system", "10:00:00.000", "shift.started", officer("p-002"), "b1/0"),
            ("system", "09:58:00.000", "exemption.granted", grant, "b1/1"),
            ("loket-05", "10:20:00.000", "service.ended", json!({}), ""),
        ],
        &[("phone-out-during-service", "09:55:00", Some("09:58:00"))],
    );
}

#[test]
fn a_grant_made_later_by_its_sequence_outlives_a_revocation_whatever_its_clock_says() {
    let grant = json!({"officer": "p-001", "approver": "s-02",
        "from": "2026-11-24T09:40:00+07:00", "until": "2026-11-24T10:30:00+07:00"});
    check(
        &[
            ("system", "09:49:00.000", "shift.started", officer("p-001"), ""),
            ("loket-05", "09:50:00.000", "session.signed_in", officer("p-001"), ""),
            ("loket-05", "09:55:00.000", "service.started", json!({}), ""),
            ("system", "10:00:00.000", "exemption.revoked", officer("p-001"), "b1/0"),
            ("system", "10:01:00.000", "shift.started", officer("p-002"), "b1/1"),
            ("system", "09:58:00.000", "exemption.granted", grant, "b1/2"),
            ("loket-05", "10:20:00.000", "service.ended", json!({}), ""),
        ],
        &[],
    );
}

#[test]
fn of_two_events_before_a_gap_the_one_whose_id_is_last_as_text_is_compared_across_it() {
    // Only one of the two carries a boot, and by that one events were lost in the gap.
    let told = |ids: [&str; 6], expected: &[_]| {
        check_with_ids(
            &[
                ("system", "08:59:00.000", "shift.started", officer("p-001"), ""),
                ("loket-01", "09:00:00.000", "session.signed_in", officer("p-001"), ""),
                ("loket-01", "09:00:10.000", "service.started", json!({}), ""),
                ("loket-01", "09:00:10.000", "workstation.heartbeat", json!({}), "b1/0"),
                ("loket-01", "09:02:00.000", "workstation.heartbeat", json!({}), "b1/5"),
                (
                    "loket-01",
                    "09:03:29.000",
                    "session.signed_out",
                    officer("p-001"),
                    "b1/6",
                ),
            ],
            &ids.map(str::to_owned),
            expected,
        );
    };
    told(
        ["a", "b", "x9", "x10", "c", "d"],
        &[("phone-out-during-service", "09:02:00", Some("09:03:29"))],
    );
    told(["a", "b", "x10", "x9", "c", "d"], &[]);
}

#[test]
fn the_greatest_sequence_is_a_number_like_any_other() {
    let greatest = format!("b1/{}", u64::MAX);
    let told = [
        ("system", "08:59:00.000", "shift.started", officer("p-001"), "s/0"),
        (
            "system",
            "08:59:01.000",
            "shift.started",
            officer("p-002"),
            &format!("s/{}", u64::MAX),
        ),
        ("loket-01", "09:00:00.000", "session.signed_in", officer("p-001"), ""),
        ("loket-01", "09:00:10.000", "service.started", json!({}), &greatest),
        // Nothing was lost in the gap, so the service goes on after it.
        (
            "loket-01",
            "09:02:00.000",
            "workstation.heartbeat",
            json!({}),
            &greatest,
        ),
        ("loket-01", "09:03:29.000", "session.signed_out", officer("p-001"), ""),
    ];
    check(&told, &[("phone-out-during-service", "09:02:00", Some("09:03:29"))]);
    let (roster, policies) = rules();
    let ids: Vec<String> = (0..told.len()).map(|number| number.to_string()).collect();
    let mut engine = Engine::new(roster.clone(), policies, Clock::Events);
    for event in parsed(&told, &ids, &roster) {
        engine.insert(event).unwrap();
    }
    engine.judge();
    assert_eq!(engine.missing(), u64::MAX - 1);
}
