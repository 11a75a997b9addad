//! `jagaloket explain`: every verdict can be explained, and what it says would have been compliant is.

use std::sync::Arc;

use jagaloket::engine::event::{Event, Reading, Trust};
use jagaloket::engine::roster::Language;
use jagaloket::engine::time::Moment;
use jagaloket::explain::{self, Past, Question, Rules};
use jagaloket::replay;

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
    }
}

#[test]
fn every_verdict_of_a_wild_day_is_explained_by_what_turned_when_it_began() {
    let past = past("soup-105");
    let verdicts = past.verdicts();
    assert!(verdicts.len() > 20);
    let mut compliant = 0;
    // Every third of them: each is judged several times over.
    let some: Vec<_> = verdicts.iter().step_by(3).collect();
    for verdict in &some {
        let told = explain::explain(&past, &Question::of(verdict)).unwrap();
        assert_eq!(&&told.verdict, verdict);
        let mut text = String::new();
        for language in [Language::Id, Language::En] {
            explain::write_text(&told, &past.rules[0].roster, language, &mut text).unwrap();
        }
        if verdict.until == Some(verdict.since) {
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
