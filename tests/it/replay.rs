//! `jagaloket replay` on the example office: exactly the verdicts that stand beside its days.

use std::fs;
use std::io::Write as _;

use crate::support::{
    EXAMPLE_DAYS, example, example_events, example_verdicts, jagaloket, policies, run, verdict_lines,
};

fn replay(files: &[&str], input: &[u8]) -> (i32, Vec<serde_json::Value>, String) {
    let mut command = jagaloket();
    command
        .args(["replay", "--roster"])
        .arg(example("roster.toml"))
        .arg("--policies")
        .arg(policies())
        .args(files);
    let output = run(&mut command, input);
    let errors = String::from_utf8(output.stderr).unwrap();
    let verdicts = verdict_lines(&String::from_utf8(output.stdout).unwrap());
    (output.status.code().unwrap(), verdicts, errors)
}

#[test]
fn each_example_day_gives_exactly_its_verdicts() {
    for day in EXAMPLE_DAYS {
        let file = example(&format!("{day}.jsonl.gz"));
        let (code, verdicts, errors) = replay(&[file.to_str().unwrap()], b"");
        assert_eq!(verdicts, example_verdicts(day), "{day}\n{errors}");
        assert_eq!(code, 0, "{day}\n{errors}");
    }
}

#[test]
fn shuffled_and_doubled_lines_through_standard_input_give_the_same() {
    for day in ["day-30", "soup-120"] {
        let mut lines = example_events(day);
        let mut rng = fastrand::Rng::with_seed(11);
        let doubled: Vec<String> = lines.iter().filter(|_| rng.bool()).cloned().collect();
        lines.extend(doubled);
        rng.shuffle(&mut lines);
        let (code, verdicts, errors) = replay(&["-"], lines.join("\n").as_bytes());
        assert_eq!(verdicts, example_verdicts(day), "{day}\n{errors}");
        assert_eq!(code, 0);
    }
}

#[test]
fn zstd_is_read_as_it_is_and_files_may_be_split() {
    let lines = example_events("soup-105");
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = lines.split_at(lines.len() / 3);
    let first = folder.path().join("b.jsonl.zst");
    let second = folder.path().join("a.jsonl");
    fs::write(&first, zstd::encode_all(one.join("\n").as_bytes(), 3).unwrap()).unwrap();
    fs::write(&second, two.join("\n")).unwrap();
    let (code, verdicts, errors) = replay(&[first.to_str().unwrap(), second.to_str().unwrap()], b"");
    assert_eq!(verdicts, example_verdicts("soup-105"), "{errors}");
    assert_eq!(code, 0);
}

#[test]
fn rejected_lines_are_told_with_number_and_reason_and_the_rest_is_judged() {
    let mut lines = example_events("soup-101");
    lines.insert(0, "not json".into());
    lines.insert(5, r#"{"specversion":"1.0","id":"x","source":"/tangerang/nowhere","type":"service.started","time":"2026-11-24T10:00:00+07:00","data":{}}"#.into());
    let changed = lines[7].replace("\"time\": \"2026-11-24T", "\"time\": \"2026-11-23T");
    let otherwise_written = lines[9].replace("\": ", "\":   ");
    assert_ne!(otherwise_written, lines[9]);
    lines.push(otherwise_written);
    lines.push(changed);
    let (code, verdicts, errors) = replay(&["-"], lines.join("\n").as_bytes());
    assert_eq!(code, 3, "{errors}");
    assert_eq!(verdicts, example_verdicts("soup-101"), "{errors}");
    assert!(errors.contains("standard input:1: rejected (not_json)"), "{errors}");
    assert!(
        errors.contains("standard input:6: rejected (unknown_device)"),
        "{errors}"
    );
    let last = format!("standard input:{}: rejected (conflict)", lines.len());
    assert!(errors.contains(&last), "{errors}");
    assert!(
        errors.contains("rejected        3"),
        "written otherwise, it is the same event\n{errors}"
    );
}

#[test]
fn wild_disorder_is_sorted_on_disk_and_judged_the_same() {
    // Four copies of a day, a week apart, the earliest one last: it is weeks from its place.
    let lines = example_events("day-30");
    let mut text = Vec::new();
    let mut expected = 0;
    for (week, date) in ["2026-12-01", "2026-12-08", "2026-12-15", "2026-11-24"]
        .iter()
        .enumerate()
    {
        for line in &lines {
            let line = line.replace("2026-11-24T", &format!("{date}T"));
            let line = line.replacen("\"id\": \"", &format!("\"id\": \"w{week}-"), 1);
            let line = line.replace("\"bootid\": \"", &format!("\"bootid\": \"w{week}-"));
            writeln!(text, "{line}").unwrap();
        }
        expected += example_verdicts("day-30").len();
    }
    let (code, verdicts, errors) = replay(&["-"], &text);
    assert_eq!(code, 0, "{errors}");
    assert!(errors.contains("sorting on disk"), "{errors}");
    assert!(verdicts.len() >= expected, "{} verdicts\n{errors}", verdicts.len());
    // Sorted beforehand, nothing needs the disk, and nothing else comes out.
    let mut sorted: Vec<&str> = std::str::from_utf8(&text).unwrap().lines().collect();
    sorted.sort_by_key(|line| line.split("\"time\": \"").nth(1).map(|rest| rest[..23].to_owned()));
    let (_, in_order, errors) = replay(&["-"], sorted.join("\n").as_bytes());
    assert!(!errors.contains("sorting on disk"), "{errors}");
    assert_eq!(verdicts, in_order);
}

#[test]
fn another_body_under_an_id_of_weeks_ago_is_a_conflict() {
    // Three days a week apart; on the last one a heartbeat comes under an id of the first one.
    let lines = example_events("day-30");
    let mut all = Vec::new();
    for date in ["2026-11-24", "2026-12-01", "2026-12-08"] {
        for line in &lines {
            let line = line.replace("2026-11-24T", &format!("{date}T"));
            let line = line.replacen("\"id\": \"", &format!("\"id\": \"{date}-"), 1);
            all.push(line.replace("\"bootid\": \"", &format!("\"bootid\": \"{date}-")));
        }
    }
    let (_, expected, errors) = replay(&["-"], all.join("\n").as_bytes());
    assert!(!errors.contains("sorting on disk"), "{errors}");
    let last = all.iter().rposition(|line| line.contains("heartbeat")).unwrap();
    let again = all[last].replacen("2026-12-08-", "2026-11-24-", 1);
    assert_ne!(again, all[last]);
    all.insert(last + 1, again);
    let (code, verdicts, errors) = replay(&["-"], all.join("\n").as_bytes());
    assert_eq!(code, 3, "{errors}");
    let number = last + 2;
    assert!(
        errors.contains(&format!("standard input:{number}: rejected (conflict)")),
        "{errors}"
    );
    assert_eq!(verdicts, expected, "{errors}");
}

#[test]
fn a_roster_or_policy_with_faults_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let policy = fs::read_to_string(policies().join("phone-out-during-service.toml")).unwrap();
    let broken = policy.replace("service.active", "servce.active");
    fs::write(folder.path().join("phone-out-during-service.toml"), broken).unwrap();
    let mut command = jagaloket();
    command
        .args(["replay", "--roster"])
        .arg(example("roster.toml"))
        .arg("--policies")
        .arg(folder.path())
        .arg("-");
    let output = run(&mut command, b"");
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(
        errors.contains("there is no name `servce.active`") && errors.contains("help: did you mean `service.active`?"),
        "{errors}"
    );
    assert!(errors.contains("phone-out-during-service.toml:7:13"), "{errors}");
}
