//! Minutes of service: counted once more from what `jagaloket replay` prints, and kept up with a ledger to which events
//! come late.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Timelike as _};
use jagaloket::compliance::{Service, measure};
use jagaloket::engine::event::Event;
use jagaloket::engine::policy::PolicySet;
use jagaloket::engine::time::Moment;
use jagaloket::explain::{Past, Rules};

use crate::engine::rules;
use crate::support::{example, jagaloket, verdict_lines};

/// What replay is asked: a policy for each figure, with no patience. Known is asked the other way round, by what is not.
const QUESTIONS: [(&str, &str); 4] = [
    (
        "a-served",
        "service.active && (workstation.silent || !workstation.silent)",
    ),
    (
        "b-unknown",
        "service.active && (workstation.silent || workstation.clock_off || custody == \"unknown\")",
    ),
    (
        "c-in",
        "service.active && !workstation.silent && !workstation.clock_off && !office.emergency && \
         (custody == \"in\" || custody == \"none_declared\") && !workstation.apps.exists(app, app == \"messaging\") && \
         !(\"mtp\" in workstation.usb) && !(\"ptp\" in workstation.usb) && !(\"rndis\" in workstation.usb) && \
         !(\"ncm\" in workstation.usb)",
    ),
    (
        "d-exempt",
        "(workstation.silent || !workstation.silent) && service.active && (office.emergency || custody == \"exempt\")",
    ),
];

pub fn past(day: &str) -> Past {
    let (roster, policies) = rules();
    let events: Vec<Event> = crate::engine::events(day, &roster);
    Past {
        rules: vec![Rules {
            from: Moment::MIN,
            roster,
            policies,
        }],
        events,
        again_ms: i64::MAX / 4,
    }
}

/// Milliseconds of each question by date, hour, counter and officer, from the printed verdicts.
fn recount(day: &str, clock: DateTime<chrono::FixedOffset>) -> BTreeMap<(String, u32, String, String), [i64; 4]> {
    let folder = tempfile::tempdir().unwrap();
    for (id, condition) in QUESTIONS {
        let text = format!(
            "id = \"{id}\"\ntitle = {{ id = \"x\", en = \"x\" }}\nbasis = \"x\"\nverdict = \"technical\"\nseverity = \"info\"\n\
             per = \"session\"\nwhile = '{condition}'\nfor = \"0s\"\nnotify = [\"technician\"]\n"
        );
        std::fs::write(folder.path().join(format!("{id}.toml")), text).unwrap();
    }
    let mut command = jagaloket();
    command
        .args(["replay", "--quiet", "--roster"])
        .arg(example("roster.toml"));
    command
        .arg("--policies")
        .arg(folder.path())
        .arg(example(&format!("{day}.jsonl.gz")));
    let output = crate::support::run(&mut command, b"");
    let mut all: BTreeMap<(String, u32, String, String), [i64; 4]> = BTreeMap::new();
    for line in verdict_lines(&String::from_utf8(output.stdout).unwrap()) {
        let time = |key: &str| {
            line[key]
                .as_str()
                .map(|text| DateTime::parse_from_rfc3339(text).unwrap())
        };
        let (since, until) = (time("since").unwrap(), time("until").unwrap_or(clock));
        let which = QUESTIONS.iter().position(|(id, _)| line["policy"] == *id).unwrap();
        // A minute at a time would do, were there no milliseconds.
        let mut at = since;
        while at < until {
            let into = i64::from(at.minute() * 60_000 + at.second() * 1_000 + at.timestamp_subsec_millis());
            let next = until.min(at + chrono::Duration::milliseconds(3_600_000 - into));
            let key = (
                at.date_naive().to_string(),
                at.hour(),
                line["counter"].as_str().unwrap().to_owned(),
                line["officer"].as_str().unwrap().to_owned(),
            );
            all.entry(key).or_default()[which] += (next - at).num_milliseconds();
            at = next;
        }
    }
    all
}

#[test]
fn minutes_of_service_equal_a_recount_from_what_replay_prints() {
    let mut silent = 0;
    for day in ["day-4", "day-30", "soup-101", "soup-105", "soup-120"] {
        let past = past(day);
        let zone = past.rules[0].roster.office.zone;
        let measured = measure(&past, NaiveDate::MIN..=NaiveDate::MAX, zone);
        let mut engine = jagaloket::engine::Engine::new(
            past.rules[0].roster.clone(),
            std::sync::Arc::new(PolicySet { policies: vec![] }),
            jagaloket::engine::Clock::Events,
        );
        for event in &past.events {
            let _ = engine.insert(event.clone());
        }
        engine.judge();
        let clock = DateTime::parse_from_rfc3339(&engine.clock().unwrap().rfc3339(zone)).unwrap();
        let counted = recount(day, clock);
        let told: BTreeMap<_, _> = measured
            .iter()
            .map(|(hour, service)| {
                let key = (
                    hour.date.to_string(),
                    u32::from(hour.hour),
                    hour.counter.to_string(),
                    hour.officer.to_string(),
                );
                let Service {
                    served_ms,
                    known_ms,
                    verified_ms,
                    exempt_ms,
                    ..
                } = *service;
                (key, [served_ms, served_ms - known_ms, verified_ms, exempt_ms])
            })
            .filter(|(_, figures)| figures.iter().any(|figure| *figure > 0))
            .collect();
        assert!(told.len() > 5, "{day}");
        assert_eq!(told, counted, "{day}");
        silent += told.values().map(|figures| figures[1]).sum::<i64>();
    }
    assert!(silent > 0);
}
