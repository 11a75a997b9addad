//! `jagaloket policy backtest`: what is unchanged shows nothing, what is changed shows exactly what replays of each differ in.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{EXAMPLE_DAYS, example, jagaloket, policies, run, succeed, verdict_lines};

/// A copy of the shipped policies with one replacement in one of them.
fn candidate(id: &str, from: &str, to: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(policies()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    let file = folder.path().join(format!("{id}.toml"));
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(&file, text.replacen(from, to, 1)).unwrap();
    folder
}

fn day(name: &str) -> String {
    example(&format!("{name}.jsonl.gz")).to_str().unwrap().to_owned()
}

fn backtest(candidate: &Path, more: &[&str]) -> Value {
    let mut command = jagaloket();
    command.args(["policy", "backtest", "--quiet", "--format", "json", "--candidate"]);
    command.arg(candidate).args(more);
    serde_json::from_slice(&succeed(&mut command, b"").stdout).unwrap()
}

fn of_files(candidate: &Path, more: &[&str]) -> Value {
    let (roster, present) = (example("roster.toml"), policies());
    let mut args = vec![
        "--roster",
        roster.to_str().unwrap(),
        "--policies",
        present.to_str().unwrap(),
    ];
    args.extend(more);
    backtest(candidate, &args)
}

fn replay(policies: &Path, files: &[String]) -> Vec<Value> {
    let mut command = jagaloket();
    command
        .args(["replay", "--quiet", "--roster"])
        .arg(example("roster.toml"));
    command.arg("--policies").arg(policies).args(files);
    verdict_lines(&String::from_utf8(succeed(&mut command, b"").stdout).unwrap())
}

#[test]
fn an_unchanged_policy_set_shows_no_difference_on_any_example_day() {
    for name in EXAMPLE_DAYS {
        let report = of_files(&policies(), &["--events", &day(name)]);
        let expected = replay(&policies(), &[day(name)]).len();
        assert_eq!(report["total"]["before"], expected, "{name}");
        assert_eq!(report["total"]["after"], expected, "{name}");
        assert_eq!(report["changes"], Value::Array(Vec::new()), "{name}");
        assert_eq!(report["policies"], Value::Array(Vec::new()), "{name}");
        for row in report["letters"].as_array().unwrap() {
            assert_eq!(row["before"], row["after"], "{name}");
        }
    }
}

#[test]
fn both_sides_are_what_replays_of_each_set_say() {
    let shorter = candidate("phone-out-during-service", "for      = \"60s\"", "for      = \"3m\"");
    for name in ["day-30", "soup-120"] {
        let report = of_files(shorter.path(), &["--events", &day(name)]);
        let sides = [replay(&policies(), &[day(name)]), replay(shorter.path(), &[day(name)])];
        let [before, after] = sides.map(|verdicts| {
            let own = verdicts
                .into_iter()
                .filter(|line| line["policy"] == "phone-out-during-service");
            own.map(|line| line.to_string()).collect::<Vec<_>>()
        });
        let gone = |list: &[String], other: &[String]| {
            let mut list: Vec<String> = list.iter().filter(|line| !other.contains(line)).cloned().collect();
            list.sort();
            list
        };
        let told = |side: &str| {
            let changes = report["changes"].as_array().unwrap().iter();
            let mut list: Vec<String> = changes
                .filter(|change| !change[side].is_null())
                .map(|change| {
                    let mut line = change[side].clone();
                    line.as_object_mut().unwrap().remove("evidence");
                    line.to_string()
                })
                .collect();
            list.sort();
            list
        };
        assert!(
            !before.is_empty() && before != after,
            "{name} must have something to show"
        );
        assert_eq!(told("before"), gone(&before, &after), "{name}");
        assert_eq!(told("after"), gone(&after, &before), "{name}");
        assert_eq!(report["policies"][0]["differences"][0]["key"], "for");
        assert_eq!(report["policies"][0]["differences"][0]["after"], "3m");
    }
}

#[test]
fn counts_add_up_and_letters_grow_with_verdicts() {
    let sooner = candidate("no-deposit-after-sign-in", "for      = \"5m\"", "for      = \"1s\"");
    let report = of_files(sooner.path(), &["--events", &day("day-30"), &day("soup-101")]);
    let changes = report["changes"].as_array().unwrap();
    let sum = |rows: &str, key: &str| -> u64 {
        let rows = report[rows].as_array().unwrap().iter();
        rows.map(|row| row[key].as_u64().unwrap()).sum()
    };
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    for change in changes {
        *kinds.entry(change["change"].as_str().unwrap()).or_default() += 1;
    }
    assert!(kinds.get("opened").is_some_and(|count| *count > 0), "{kinds:?}");
    for key in ["opened", "vanished", "moved"] {
        let count = kinds.get(key).copied().unwrap_or_default();
        assert_eq!(report["total"][key], count);
        for rows in ["by_policy", "by_hour", "by_day"] {
            assert_eq!(sum(rows, key), count, "{rows} {key}");
        }
    }
    let letters = |side: &str| -> u64 {
        let rows = report["letters"].as_array().unwrap().iter();
        rows.map(|row| row[side]["letters"].as_u64().unwrap()).sum()
    };
    assert!(
        letters("after") > letters("before"),
        "{} {}",
        letters("before"),
        letters("after")
    );
}

#[test]
fn dates_cut_the_report_and_not_the_past_it_rests_on() {
    let sooner = candidate("no-deposit-after-sign-in", "for      = \"5m\"", "for      = \"1s\"");
    let report = of_files(sooner.path(), &["--from", "2031-01-01", "--events", &day("day-30")]);
    assert_eq!(report["total"]["before"], 0);
    assert_eq!(report["days"], 0);
    assert!(report["events"].as_u64().unwrap() > 0);
}

#[test]
fn the_page_stands_alone_in_both_languages() {
    let sooner = candidate("no-deposit-after-sign-in", "for      = \"5m\"", "for      = \"1s\"");
    let folder = tempfile::tempdir().unwrap();
    for (language, word) in [("id", "Uji balik kebijakan"), ("en", "Policy backtest")] {
        let path = folder.path().join(format!("{language}.html"));
        let mut command = jagaloket();
        command.args(["policy", "backtest", "--quiet", "--format", "html", "--lang", language]);
        command
            .arg("--candidate")
            .arg(sooner.path())
            .arg("--policies")
            .arg(policies());
        command
            .arg("--roster")
            .arg(example("roster.toml"))
            .arg("--output")
            .arg(&path);
        succeed(command.args(["--events", &day("day-30")]), b"");
        let page = fs::read_to_string(&path).unwrap();
        assert!(page.contains(word) && page.contains("<svg"), "{page}");
        for foreign in ["<script", "src=", "href=", "url(", "@import"] {
            assert!(!page.contains(foreign), "{foreign}");
        }
    }
}

#[test]
fn a_candidate_with_faults_is_refused_and_rejected_lines_are_told() {
    let broken = candidate("no-deposit-after-sign-in", "session.active", "sesion.active");
    let mut command = jagaloket();
    command.args(["policy", "backtest", "--candidate"]).arg(broken.path());
    command
        .arg("--policies")
        .arg(policies())
        .arg("--roster")
        .arg(example("roster.toml"));
    let output = run(command.args(["--events", "-"]), b"");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("did you mean `session.active`"), "{told}");
    let mut command = jagaloket();
    command.args(["policy", "backtest", "--candidate"]).arg(policies());
    command
        .arg("--policies")
        .arg(policies())
        .arg("--roster")
        .arg(example("roster.toml"));
    let output = run(command.args(["--events", "-"]), b"no event\n");
    assert_eq!(output.status.code(), Some(3));
}
