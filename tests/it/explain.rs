//! `jagaloket explain`: every verdict can be explained, and what it says would have been compliant is.

use std::sync::Arc;

use jagaloket::engine::event::{DeviceId, Event, Reading, Trust};
use jagaloket::engine::policy::PolicySet;
use jagaloket::engine::roster::Language;
use jagaloket::engine::time::Moment;
use jagaloket::explain::{self, Act, Past, Question, Rules, Way};
use jagaloket::{replay, wire};
use serde_json::json;

use crate::support::{example, jagaloket, policies, run};

fn past(day: &str) -> Past {
    let roster = replay::read_roster(&example("roster.toml")).unwrap();
    let mut events: Vec<Event> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    replay::each_event(&[example(&format!("{day}.jsonl.gz"))], &roster, &mut |event| {
        if seen.insert(event.reference()) {
            events.push(event);
        }
    })
    .unwrap();
    Past {
        rules: vec![Rules {
            from: Moment::MIN,
            roster: Arc::new(roster),
            policies: Arc::new(replay::read_policies(&policies()).unwrap()),
        }],
        events,
        again_ms: i64::MAX / 4,
    }
}

#[test]
fn every_verdict_of_a_wild_day_is_explained_by_what_turned_when_it_began() {
    let past = past("soup-105");
    let verdicts = past.verdicts();
    assert!(verdicts.len() > 20);
    let (mut compliant, mut momentary) = (0, 0);
    // Every third of them, for each is judged several times over, and those that rest on one event.
    let some = verdicts.iter().enumerate();
    let some = some.filter(|(ix, verdict)| ix % 3 == 0 || verdict.policy.as_str() == "lockbox-forced");
    let some: Vec<_> = some.map(|(_, verdict)| verdict).collect();
    for verdict in &some {
        let told = explain::explain(&past, &Question::of(verdict)).unwrap();
        assert_eq!(&&told.verdict, verdict);
        let mut text = String::new();
        for language in [Language::Id, Language::En] {
            explain::write_text(&told, &past.rules[0].roster, language, &mut text).unwrap();
        }
        if verdict.until == Some(verdict.since) {
            momentary += 1;
            // Without what happened in that instant there would be no verdict, which is tried.
            assert!(
                matches!(
                    told.ways[..],
                    [Way {
                        act: Act::NotHappened,
                        ..
                    }]
                ),
                "{text}"
            );
            continue;
        }
        assert_eq!(told.pieces.first().unwrap().0, verdict.since, "{text}");
        // It began because a clause turned, or because what may be judged did: a sign-in, a gap's end, the next piece.
        assert!(
            !told.clauses.is_empty() && told.clauses.iter().all(|clause| !clause.turns.is_empty()),
            "{text}"
        );
        let held: i64 = told.pieces.iter().map(|(start, end)| end.ms_since(*start)).sum();
        assert!(held > told.policy.for_ms, "{text}");
        compliant += usize::from(!told.ways.is_empty());
    }
    assert!(momentary > 0);
    assert!(compliant * 10 > some.len() * 6, "{compliant} of {}", some.len());
}

fn told(policy: &str, since: &str, day: &str, more: &[&str]) -> (Option<i32>, String) {
    let mut command = jagaloket();
    command
        .args(["explain", "--roster"])
        .arg(example("roster.toml"))
        .arg("--policies")
        .arg(policies());
    command
        .args(["--policy", policy, "--since", since])
        .arg(example(&format!("{day}.jsonl.gz")))
        .args(more);
    let output = run(&mut command, b"");
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.code(), text)
}

#[test]
fn an_explanation_reads_well_in_both_languages() {
    for language in ["id", "en"] {
        let (code, text) = told(
            "phone-out-during-service",
            "2026-11-24T10:16:49+07:00",
            "day-30",
            &["--lang", language],
        );
        assert_eq!(code, Some(0), "{text}");
        insta::assert_snapshot!(format!("phone_out_{language}"), text);
        let (code, text) = told(
            "counter-silent",
            "2026-11-24T11:12:19+07:00",
            "day-30",
            &["--lang", language],
        );
        assert_eq!(code, Some(0), "{text}");
        insta::assert_snapshot!(format!("counter_silent_{language}"), text);
    }
}

#[test]
fn what_is_not_a_verdict_is_told_with_those_that_are() {
    let (code, text) = told("counter-silent", "2026-11-24T11:12:20+07:00", "day-30", &[]);
    assert_eq!(code, Some(1));
    assert!(
        text.contains("--since 2026-11-24T11:12:19.946+07:00 --counter loket-01"),
        "{text}"
    );
}

#[test]
fn a_clock_that_turned_out_to_be_wrong_is_told_as_the_cause() {
    let mut past = past("day-4");
    let roster = past.rules[0].roster.clone();
    let device = roster.counters[0].id.clone();
    past.events.sort_by_key(|event| event.time);
    let of_device = past.events.iter_mut().filter(|event| event.device == device);
    for event in of_device.skip(400).take(60) {
        event.reading = Some(Box::new(Reading {
            told: event.time,
            trust: Trust::Poor,
            whole_boot: false,
        }));
    }
    let verdicts = past.verdicts();
    let verdict = verdicts
        .iter()
        .find(|verdict| verdict.policy.as_str() == "device-clock-off")
        .unwrap();
    let told = explain::explain(&past, &Question::of(verdict)).unwrap();
    let mut text = String::new();
    explain::write_text(&told, &roster, Language::En, &mut text).unwrap();
    assert!(
        text.contains(&format!("the clock turned out to be wrong: {device}")),
        "{text}"
    );
    assert!(text.contains(&format!("the clock was right again: {device}")), "{text}");
}

/// A small office's morning and what is said of it.
fn morning(policies: PolicySet, events: &[(&str, &str, &str, serde_json::Value)]) -> Past {
    let text = "[office]\nid = \"kota\"\nname = \"K\"\ntimezone = \"Asia/Jakarta\"\n[[counter]]\nid = \"loket-1\"\n\
                silent_after = \"10h\"\n[[officer]]\nid = \"p-1\"\nhandsets = [{ id = \"h-1\" }]\n";
    let roster = jagaloket::engine::roster::Roster::parse(text).unwrap();
    let event = |(ix, (device, time, kind, data)): (usize, &(&str, &str, &str, serde_json::Value))| {
        let body = json!({"specversion": "1.0", "id": format!("e{ix}"), "source": format!("/kota/{device}"), "type": kind,
            "time": format!("2026-11-24T{time}:00.000+07:00"), "data": data});
        wire::parse(None, body.to_string().as_bytes(), &roster, &wire::Limits::REPLAY).unwrap()
    };
    let events = events.iter().enumerate().map(event).collect();
    Past {
        rules: vec![Rules {
            from: Moment::MIN,
            roster: Arc::new(roster),
            policies: Arc::new(policies),
        }],
        events,
        again_ms: i64::MAX / 4,
    }
}

fn explained(past: &Past, policy: &str) -> (explain::Explanation, String) {
    let verdicts = past.verdicts();
    let verdict = verdicts.iter().find(|verdict| verdict.policy.as_str() == policy);
    let told = explain::explain(past, &Question::of(verdict.unwrap())).unwrap();
    let mut text = String::new();
    explain::write_text(&told, &past.rules[0].roster, Language::En, &mut text).unwrap();
    (told, text)
}

#[test]
fn a_session_that_a_boot_ended_is_told_so() {
    let past = morning(
        replay::read_policies(&policies()).unwrap(),
        &[
            ("loket-1", "08:00", "session.signed_in", json!({"officer": "p-1"})),
            ("loket-1", "08:20", "workstation.heartbeat", json!({})),
            ("loket-1", "08:40", "workstation.started", json!({})),
        ],
    );
    let (told, text) = explained(&past, "no-deposit-after-sign-in");
    let story = told.names.iter().find(|story| story.name == "session.active").unwrap();
    let (at, value, cause) = story.values.last().unwrap();
    assert_eq!((Some(*at), value.as_str()), (told.verdict.until, "false"), "{text}");
    assert_eq!(*cause, explain::Cause::Restarted(DeviceId::new("loket-1")), "{text}");
    assert!(text.contains("loket-1 was started anew"), "{text}");
}

#[test]
fn what_service_active_stands_for_is_told_where_it_is_no_service() {
    let overlay = "[phone-out-during-service]\nscope = \"signed_in\"\nreason = \"r\"\ndecided_by = \"k\"\ndecided_on = 2026-11-01\n";
    let policies = replay::read_policies(&policies()).unwrap();
    let past = morning(
        policies.overlaid("o.toml", overlay).unwrap(),
        &[
            ("loket-1", "08:00", "session.signed_in", json!({"officer": "p-1"})),
            ("loket-1", "09:00", "session.signed_out", json!({"officer": "p-1"})),
        ],
    );
    let (_, text) = explained(&past, "phone-out-during-service");
    assert!(
        text.contains("`service.active` stands here for being signed in and not on a break"),
        "{text}"
    );
    let (_, text) = explained(&past, "no-deposit-after-sign-in");
    assert!(!text.contains("stands here"), "{text}");
}

#[test]
fn an_explanation_is_there_for_programs_too() {
    let more = ["--format", "json", "--lang", "en"];
    let (code, text) = told("phone-out-during-service", "2026-11-24T10:16:49+07:00", "day-30", &more);
    assert_eq!(code, Some(0), "{text}");
    let told: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(told["verdict"]["policy"], "phone-out-during-service");
    assert_eq!(told["recorded"], serde_json::Value::Null);
    assert_eq!(told["policy"]["for"], "1m");
    assert_eq!(told["held"][0]["from"], told["verdict"]["since"]);
    assert_eq!(told["names"][0]["values"][0]["cause"]["kind"], "event");
    assert!(!told["compliant"].as_array().unwrap().is_empty(), "{text}");
}

#[test]
fn that_a_verdict_is_recorded_with_another_end_is_said() {
    let past = past("day-30");
    let verdicts = past.verdicts();
    let verdict = verdicts.iter().find(|verdict| verdict.until.is_some()).unwrap();
    let mut told = explain::explain(&past, &Question::of(verdict)).unwrap();
    let mut recorded = verdict.clone();
    recorded.until = None;
    told.recorded = Some(recorded);
    let mut text = String::new();
    explain::write_text(&told, &past.rules[0].roster, Language::En, &mut text).unwrap();
    assert!(
        text.contains("It is recorded with another end: still going on."),
        "{text}"
    );
}
