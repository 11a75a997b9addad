//! The simulated office: one seed, one office; every event of it acceptable.

use std::sync::Arc;

use jagaloket::engine::event::{Event, Kind};
use jagaloket::engine::roster::Roster;
use jagaloket::simulate::{self, Plan, Troubles, demo};
use jagaloket::{replay, wire};

use crate::support::{example, jagaloket, policies, python, run, verdict_lines};

fn plan(roster: Roster, days: u32, troubles: Troubles, disorder: bool) -> Plan {
    let from = chrono::NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
    Plan {
        roster: Arc::new(roster),
        seed: 7,
        from,
        days,
        troubles,
        disorder,
    }
}

fn lines(plan: &Plan) -> Vec<String> {
    let mut out = Vec::new();
    simulate::write(plan, &mut out).unwrap();
    String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn the_same_seed_writes_the_same_bytes_and_another_one_others() {
    let roster = replay::read_roster(&example("roster.toml")).unwrap();
    let plan = plan(roster, 2, Troubles::Usual, true);
    assert_eq!(lines(&plan), lines(&plan));
    assert_ne!(
        lines(&plan),
        lines(&Plan {
            seed: 8,
            ..plan.clone()
        })
    );
}

#[test]
fn every_event_is_read_as_it_was_meant() {
    for roster in [
        replay::read_roster(&example("roster.toml")).unwrap(),
        Roster::parse(demo::ROSTER).unwrap(),
    ] {
        let plan = plan(roster, 10, Troubles::Many, false);
        let mut seen = std::collections::BTreeSet::new();
        for n in 0..14 {
            for event in plan.day(n) {
                let line = wire::to_json(&event, plan.roster.office.zone);
                let read = wire::parse(None, line.as_bytes(), &plan.roster, &wire::Limits::REPLAY);
                assert_eq!(read.as_ref().ok(), Some(&event), "{line}");
                seen.insert(event.kind.name());
            }
        }
        assert!(seen.len() >= 20, "{seen:?}");
    }
}

#[test]
fn days_are_in_order_of_time_and_believable() {
    let roster = replay::read_roster(&example("roster.toml")).unwrap();
    let plan = plan(roster, 5, Troubles::Usual, false);
    for n in 0..5 {
        let day = plan.day(n);
        assert!(day.is_sorted_by_key(|event| event.time), "day {n}");
        let services = day
            .iter()
            .filter(|event| matches!(event.kind, Kind::ServiceStarted { .. }))
            .count();
        assert!((100..400).contains(&services), "{services} services");
        assert!((5_000..9_000).contains(&day.len()), "{} events", day.len());
    }
    assert!(
        plan.day(5).is_empty() && plan.day(6).is_empty(),
        "closed at the weekend"
    );
}

#[test]
fn disorder_loses_nothing_and_doubles_some() {
    let roster = replay::read_roster(&example("roster.toml")).unwrap();
    let plan = plan(roster, 1, Troubles::Usual, false);
    let mut in_order = lines(&plan);
    let disordered = lines(&Plan {
        disorder: true,
        ..plan.clone()
    });
    assert_ne!(disordered, in_order);
    assert!(disordered.len() > in_order.len());
    let mut distinct = disordered;
    distinct.sort();
    distinct.dedup();
    in_order.sort();
    assert_eq!(distinct, in_order);
}

#[test]
fn every_kind_of_event_survives_writing_and_reading() {
    let roster = replay::read_roster(&example("roster.toml")).unwrap();
    let line = |device: &str, kind: &str, data: &str| {
        format!(
            r#"{{"specversion":"1.0","id":"a\"\\é","source":"/tangerang/{device}","type":"{kind}","time":"2026-11-24T10:02:10.007+07:00","bootid":"b 1","sequence":"18446744073709551615","data":{data}}}"#
        )
    };
    for (device, kind, data) in [
        ("loket-01", "service.started", r#"{"booking":"TNG \u0001"}"#),
        ("loket-01", "break.started", "{}"),
        ("loket-01", "usb.attached", r#"{"class":"mtp","id":"1","allowed":true}"#),
        (
            "loker-a",
            "lockbox.deposited",
            r#"{"officer":"p-001","slot":0,"handset":"h","by":"x"}"#,
        ),
        ("loker-a", "lockbox.tampered", "{}"),
        (
            "system",
            "custody.held",
            r#"{"officer":"p-001","by":"a","witness":"b"}"#,
        ),
        ("system", "lockbox.checked", r#"{"officer":"p-001","present":false}"#),
        (
            "system",
            "exemption.granted",
            r#"{"officer":"p","from":"2026-11-24T10:02:10Z","until":"2026-11-24T10:02:10.001Z","approver":"s"}"#,
        ),
        ("monitor", "clock.ticked", "{}"),
    ] {
        let text = line(device, kind, data);
        let event: Event = wire::parse(None, text.as_bytes(), &roster, &wire::Limits::REPLAY)
            .unwrap_or_else(|e| panic!("{text}: {}", e.reason));
        let again = wire::to_json(&event, roster.office.zone);
        assert_eq!(
            wire::parse(None, again.as_bytes(), &roster, &wire::Limits::REPLAY).ok(),
            Some(event),
            "{again}"
        );
    }
}

#[test]
fn an_independent_model_in_python_judges_a_troubled_day_the_same() {
    let roster = replay::read_roster(&example("roster.toml")).unwrap();
    let plan = plan(roster, 1, Troubles::Many, true);
    let folder = tempfile::tempdir().unwrap();
    let day = folder.path().join("day.jsonl");
    std::fs::write(&day, lines(&plan).join("\n")).unwrap();
    let model = python(
        include_str!("../model/model.py"),
        &[example("roster.toml").to_str().unwrap(), day.to_str().unwrap()],
        b"",
    );
    let mut command = jagaloket();
    command
        .args(["replay", "--quiet", "--roster"])
        .arg(example("roster.toml"));
    let output = run(command.arg("--policies").arg(policies()).arg(&day), b"");
    let ours = verdict_lines(&String::from_utf8(output.stdout).unwrap());
    assert!(!ours.is_empty());
    assert_eq!(ours, verdict_lines(&model));
}
