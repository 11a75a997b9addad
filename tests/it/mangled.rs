//! The parsers and mangled texts: whatever comes, faults are told and nothing else happens.
//!
//! Each run mangles anew and prints its seed where it fails. `JAGALOKET_MANGLE_SECONDS` makes it as long as you like;
//! `fuzz/` does the same guided by coverage.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use jagaloket::config::Config;
use jagaloket::engine::expr::{Scope, compile};
use jagaloket::engine::policy::{Per, PolicySet};
use jagaloket::engine::roster::Roster;
use jagaloket::{replay, wire};

use crate::support::{example, example_events, policies};

/// What is put in: what parsers trip over, and words that mean something.
const BITS: [&str; 44] = [
    "\"",
    "'",
    "'''",
    "\"\"\"",
    "\\",
    "\\u0041",
    "\\U0010FFFF",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\u{2003}",
    "é",
    "😀",
    "\u{feff}",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "=",
    "==",
    "!=",
    "!",
    "&&",
    "||",
    "?",
    ":",
    ",",
    ".",
    "-",
    "9999999999999999999999",
    "0x",
    "1e9",
    "duration(\"2h\")",
    "has(event.by)",
    "workstation.usb.exists(c, c == \"mtp\")",
    "size(",
    "custody in [",
    "for = \"1s\"",
    "on = []",
    "[[officer]]",
    "2026-12-25",
];

fn mangle(rng: &mut fastrand::Rng, text: &str, other: &str) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for _ in 0..rng.usize(1..6) {
        let at = rng.usize(0..=text.len());
        let until = (at + rng.usize(0..24)).min(text.len());
        match rng.u8(0..6) {
            0 => drop(text.drain(at..until)),
            1 => {
                let again: Vec<char> = text[at..until].to_vec();
                text.splice(at..at, again);
            }
            2 | 3 => drop(text.splice(at..at, BITS[rng.usize(0..BITS.len())].chars())),
            4 => drop(text.splice(at..until, BITS[rng.usize(0..BITS.len())].chars())),
            _ => {
                let other: Vec<char> = other.chars().collect();
                let from = rng.usize(0..=other.len());
                let to = (from + rng.usize(0..60)).min(other.len());
                text.splice(at..until, other[from..to].iter().copied());
            }
        }
    }
    text.into_iter().collect()
}

/// Hands mangled texts to `read` for a while.
fn mangled(originals: &[String], read: impl Fn(&str)) {
    let seconds = std::env::var("JAGALOKET_MANGLE_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let until = Instant::now() + Duration::from_secs_f64(seconds.unwrap_or(0.7));
    let mut many = 0u64;
    while Instant::now() < until {
        let seed = fastrand::u64(..);
        let mut rng = fastrand::Rng::with_seed(seed);
        let (text, other) = (rng.usize(0..originals.len()), rng.usize(0..originals.len()));
        let mut text = mangle(&mut rng, &originals[text], &originals[other]);
        if rng.bool() {
            text = mangle(&mut rng, &text, &originals[other]);
        }
        let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| read(&text)));
        assert!(told.is_ok(), "seed {seed}:\n{text}");
        many += 1;
    }
    println!("{many} texts");
}

fn texts(folder: &Path) -> Vec<String> {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.retain(|path| path.to_str().unwrap().ends_with(".toml") && !path.to_str().unwrap().ends_with(".test.toml"));
    paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

fn all_policies() -> Vec<String> {
    let mut all = texts(&policies());
    all.extend(texts(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/broken-policies"),
    ));
    all
}

#[test]
fn a_mangled_policy_is_told_of_within_its_lines() {
    mangled(&all_policies(), |text| {
        let checked = PolicySet::check([("p.toml", "p", text)]);
        for fault in checked.faults {
            assert!(
                fault.line >= 1 && fault.line <= text.matches('\n').count() + 1,
                "{fault}"
            );
            assert!(fault.column <= fault.source.chars().count() + 2, "{fault}");
            assert!(
                (fault.end_line, fault.end_column) >= (fault.line, fault.column),
                "{fault}"
            );
        }
    });
}

#[test]
fn a_mangled_condition_is_refused_or_can_be_judged() {
    let conditions: Vec<String> = all_policies()
        .iter()
        .filter_map(|text| toml::from_str::<toml::Table>(text).ok())
        .filter_map(|table| table.get("while").or(table.get("where"))?.as_str().map(str::to_owned))
        .collect();
    assert!(conditions.len() > 20);
    mangled(&conditions, |text| {
        for (per, on) in [
            (Per::Session, &[][..]),
            (Per::Officer, &["lockbox.withdrawn", "handset.seen"]),
            (Per::Lockbox, &["lockbox.forced"]),
        ] {
            match compile(text, per, on) {
                Ok(condition) => {
                    condition.holds(&Scope::EMPTY);
                    for clause in condition.clauses() {
                        assert!(text.get(clause.span.clone()).is_some(), "{:?}", clause.span);
                    }
                }
                Err(problems) => {
                    for problem in problems {
                        assert!(
                            text.get(problem.span.clone()).is_some(),
                            "{:?} {}",
                            problem.span,
                            problem.message
                        );
                    }
                }
            }
        }
    });
}

#[test]
fn a_mangled_overlay_is_refused_within_its_lines_or_holds() {
    let set = replay::read_policies(&policies()).unwrap();
    let mut overlays = vec![
        "[phone-out-during-service]\nfor = \"90s\"\nseverity = \"minor\"\nscope = \"signed_in\"\n\
         reason = \"r\"\ndecided_by = \"d\"\ndecided_on = 2026-11-01\n"
            .to_owned(),
    ];
    for policy in &set.policies {
        overlays.push(format!(
            "[{}]\nenabled = true\nbridge = \"20s\"\nnotify = [\"p-001\"]\nreason = \"r\"\ndecided_by = \"d\"\n\
             decided_on = 2026-11-01\n[{0}.limits]\nlimit = \"40m\"\n",
            policy.head.id.as_str()
        ));
    }
    mangled(&overlays, |text| {
        if let Err(errors) = set.clone().overlaid("o.toml", text) {
            for fault in errors.0 {
                let lines = text.matches('\n').count() + 1;
                assert!(fault.line >= 1 && fault.line <= lines, "{fault}");
                assert!(fault.column <= fault.source.chars().count() + 2, "{fault}");
            }
        }
    });
}

#[test]
fn a_mangled_roster_is_refused_with_places() {
    let roster = fs::read_to_string(example("roster.toml")).unwrap();
    let calendar = "[office.calendar.week]\nfriday = { open = \"08:00-16:30\", breaks = \"11:30-13:30\" }\n";
    mangled(&[format!("{roster}\n{calendar}"), calendar.to_owned()], |text| {
        if let Err(faults) = Roster::parse(text) {
            assert!(!faults.to_string().is_empty());
        }
    });
}

#[test]
fn a_mangled_configuration_is_refused_with_places() {
    let example = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/jagaloket.toml")).unwrap();
    let other = "[office]\nroster = [\"r\"]\n[broker]\nembedded = true\ndevices = \"d\"\n[broker.tls]\ncert = \"c\"\n\
                 key = \"k\"\n[mail]\ndirectory = \"d\"\n[quarantine]\nrows_max = 5\n";
    mangled(&[example, other.to_owned()], |text| {
        if let Err(errors) = Config::parse("x", text, Path::new(""), &|_| None) {
            assert!(!errors.to_string().is_empty());
        }
    });
}

#[test]
fn a_mangled_event_is_an_event_or_rejected_with_a_reason() {
    let roster = Roster::parse(&fs::read_to_string(example("roster.toml")).unwrap()).unwrap();
    let lines: Vec<String> = example_events("soup-101").into_iter().step_by(5).collect();
    mangled(&lines, |text| {
        if let Err(rejected) = wire::parse(None, text.as_bytes(), &roster, &wire::Limits::REPLAY) {
            assert!(!rejected.reason.is_empty());
        }
    });
}
