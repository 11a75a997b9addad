//! The simulated office: one seed, one office; every event of it acceptable.

mod agents;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
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
        nights: false,
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
        let plan = plan(roster, 20, Troubles::Many, false);
        let mut seen = BTreeSet::new();
        for n in 0..28 {
            for event in plan.day(n) {
                let line = wire::to_json(&event, plan.roster.office.zone);
                let read = wire::parse(None, line.as_bytes(), &plan.roster, &wire::Limits::REPLAY);
                assert_eq!(read.as_ref().ok(), Some(&event), "{line}");
                seen.insert(event.kind.name());
            }
        }
        // All but the monitor's own tick; the rarest, drills and forced lockboxes, need not come in twenty days.
        assert!(seen.len() >= 24, "{seen:?}");
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
fn only_troubles_leave_holes_in_sequences() {
    let roster = replay::read_roster(&example("roster.toml")).unwrap();
    let holes = |troubles: Troubles| -> u64 {
        let mut holes = 0;
        let mut next: BTreeMap<(String, String), u64> = BTreeMap::new();
        for event in plan(roster.clone(), 20, troubles, false).events() {
            let place = event.place.as_ref().unwrap();
            let expected = next
                .entry((event.device.to_string(), place.boot.to_string()))
                .or_default();
            assert!(place.sequence >= *expected, "{}: {place:?}", event.reference());
            holes += place.sequence - *expected;
            *expected = place.sequence + 1;
        }
        holes
    };
    assert_eq!(holes(Troubles::None), 0);
    assert!(holes(Troubles::Many) > 0);
}

#[test]
fn heartbeats_keep_the_pace_of_the_roster() {
    let roster = replay::read_roster(&example("roster.toml")).unwrap();
    let day = plan(roster.clone(), 1, Troubles::None, false).day(0);
    for device in roster.counters.iter().chain(&roster.lockboxes) {
        let beats: Vec<i64> = day
            .iter()
            .filter(|event| event.device == device.id && event.kind.is_pulse())
            .map(|event| event.time.0)
            .collect();
        let Some(every_ms) = device.heartbeat_every_ms else {
            assert!(beats.is_empty(), "{} sends none", device.id);
            continue;
        };
        assert!(beats.len() > 500, "{}: {}", device.id, beats.len());
        for pair in beats.windows(2) {
            let off = (pair[1] - pair[0] - every_ms).abs();
            assert!(off <= every_ms / 60, "{}: {off} ms off", device.id);
        }
    }
}

/// Judges lines of events; answers verdicts by policy, and how many lines were rejected.
fn judge(roster: &Path, lines: &[String]) -> (Vec<serde_json::Value>, replay::Summary) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events.jsonl");
    fs::write(&file, lines.join("\n")).unwrap();
    let request = replay::Request {
        roster: roster.to_owned(),
        policies: policies(),
        overlay: None,
        files: vec![file],
        quiet: true,
    };
    let (mut out, mut told) = (Vec::new(), Vec::new());
    let summary = replay::run(&request, &mut out, &mut told).unwrap();
    let text = String::from_utf8(out).unwrap();
    let verdicts = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (verdicts, summary)
}

#[test]
fn a_calm_office_gives_no_verdict_but_of_lockboxes_that_are_off_at_night() {
    let roster = replay::read_roster(&example("roster.toml")).unwrap();
    let (verdicts, summary) = judge(&example("roster.toml"), &lines(&plan(roster, 5, Troubles::None, false)));
    assert_eq!(summary.rejected_lines(), 0);
    for verdict in verdicts {
        assert_eq!(verdict["policy"], "lockbox-silent", "{verdict}");
        assert!(verdict["since"].as_str().unwrap()[11..16] >= *"16:28", "{verdict}");
    }
}

#[test]
fn a_calm_office_whose_lockboxes_stay_on_gives_no_verdict_at_all() {
    let roster = replay::read_roster(&example("roster.toml")).unwrap();
    let plan = Plan {
        nights: true,
        // Over a weekend.
        from: chrono::NaiveDate::from_ymd_opt(2026, 11, 26).unwrap(),
        ..plan(roster, 3, Troubles::None, false)
    };
    let lines = lines(&plan);
    assert!(lines.len() > 3 * 5_000 + 15_000, "{} events", lines.len());
    let (verdicts, summary) = judge(&example("roster.toml"), &lines);
    assert_eq!(summary.rejected_lines(), 0);
    assert_eq!(verdicts, Vec::<serde_json::Value>::new());
}

#[test]
fn a_usual_office_has_a_few_slips_on_many_days_and_disorder_does_not_change_them() {
    let roster = replay::read_roster(&example("roster.toml")).unwrap();
    let plan = plan(roster, 20, Troubles::Usual, false);
    let (mut verdicts, _) = judge(&example("roster.toml"), &lines(&plan));
    let disordered = lines(&Plan { disorder: true, ..plan });
    let (same, summary) = judge(&example("roster.toml"), &disordered);
    assert_eq!(same, verdicts);
    assert!(summary.duplicates > 100, "{}", summary.duplicates);
    verdicts.retain(|verdict| verdict["policy"] != "lockbox-silent");
    let days: BTreeSet<&str> = verdicts
        .iter()
        .map(|verdict| &verdict["since"].as_str().unwrap()[..10])
        .collect();
    assert!((5..20).contains(&days.len()), "troubled on {} of 20 days", days.len());
    assert!((10..100).contains(&verdicts.len()), "{} verdicts", verdicts.len());
}

#[test]
fn each_counter_serves_as_many_as_a_counter_can() {
    let roster = Roster::parse(demo::ROSTER).unwrap();
    let mut served: BTreeMap<(String, u32), u32> = BTreeMap::new();
    let plan = plan(roster, 5, Troubles::Usual, false);
    for n in 0..5 {
        for event in plan.day(n) {
            if matches!(event.kind, Kind::ServiceStarted { .. }) {
                *served.entry((event.device.to_string(), n)).or_default() += 1;
            }
        }
    }
    assert!(served.len() >= 12 * 5 - 4, "{} counters and days", served.len());
    for (counter, services) in served {
        assert!((28..60).contains(&services), "{counter:?}: {services}");
    }
}

#[test]
fn the_script_of_the_demo_leads_to_what_it_promises() {
    let roster = demo::roster().unwrap();
    let date = chrono::NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let roster_file = folder.path().join("roster.toml");
    fs::write(&roster_file, demo::ROSTER).unwrap();
    let said = |verdicts: &[serde_json::Value], expected: &demo::Expected| {
        verdicts.iter().any(|verdict| {
            verdict["policy"] == expected.policy
                && verdict["counter"].as_str() == expected.counter
                && verdict["lockbox"].as_str() == expected.lockbox
                && verdict["officer"].as_str() == expected.officer
        })
    };
    for seed in 1..4 {
        let messages = demo::script(&roster, date, seed);
        assert!(messages.is_sorted_by_key(|message| message.at));
        let begins = demo::begins(&roster, date);
        let until = |minutes: i64| -> Vec<String> {
            let sent = messages
                .iter()
                .take_while(|message| message.at < begins.plus_ms(minutes * 60_000));
            sent.map(|message| match &message.body {
                demo::Body::Event(event) => wire::to_json(event, roster.office.zone),
                demo::Body::Raw(text) => text.to_string(),
            })
            .collect()
        };
        // In the 16th minute the workstation is cut off; from the 17th on its buffer is there.
        let (cut_off, _) = judge(&roster_file, &until(16));
        assert!(said(&cut_off, &demo::RETRACTED), "seed {seed}: {cut_off:#?}");
        assert!(!said(&cut_off, &demo::EXPECTED[3]), "seed {seed}: {cut_off:#?}");
        let (verdicts, summary) = judge(&roster_file, &until(25));
        for expected in &demo::EXPECTED {
            assert!(said(&verdicts, expected), "seed {seed}, {expected:?}: {verdicts:#?}");
        }
        assert!(!said(&verdicts, &demo::RETRACTED), "seed {seed}: {verdicts:#?}");
        assert_eq!(summary.rejected.values().sum::<u64>(), 4, "seed {seed}: {summary:?}");
        assert_eq!(
            summary.rejected.get("unknown_device"),
            Some(&3),
            "seed {seed}: {summary:?}"
        );
        assert_eq!(summary.duplicates, 1, "seed {seed}");
    }
}

#[test]
fn an_independent_model_in_python_judges_a_troubled_day_the_same() {
    let roster = replay::read_roster(&example("roster.toml")).unwrap();
    let plan = plan(roster, 1, Troubles::Many, true);
    let folder = tempfile::tempdir().unwrap();
    let day = folder.path().join("day.jsonl");
    fs::write(&day, lines(&plan).join("\n")).unwrap();
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
