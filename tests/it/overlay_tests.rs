//! Stories of what an office decided: beside its overlay, and judged under it.

use std::fs;
use std::path::Path;

use crate::support::{jagaloket, policies, run};

const OVERLAY: &str = r#"[lockbox-check-overdue]
limits = { unchecked = "90m" }
reason = "r"
decided_by = "k"
decided_on = 2026-11-01

[service-outside-hours]
enabled = true
reason = "r"
decided_by = "k"
decided_on = 2026-11-01

[lockbox-silent]
enabled = false
reason = "r"
decided_by = "k"
decided_on = 2026-11-01
"#;

const STORIES: &str = r#"[[test]]
policy = "lockbox-check-overdue"
name = "an hour and a half here"
timeline = """
08:00 p-003 deposits
08:00 loket-03 sign-in p-003
10:00 loket-03 sign-out
"""
expect = [{ officer = "p-003", counter = "loket-03", since = "09:30", opened = "09:30", until = "10:00" }]

[[test]]
policy = "lockbox-silent"
name = "nobody looks after lockboxes here"
timeline = """
09:00 loker-a silent until 09:30
10:00 loket-03 sign-in p-003
"""
expect = []
"#;

fn folder(stories: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(policies()).unwrap().map(Result::unwrap) {
        if entry.path().is_file() {
            fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
        }
    }
    fs::create_dir(folder.path().join("overlays")).unwrap();
    fs::write(folder.path().join("overlays/kota.toml"), OVERLAY).unwrap();
    fs::write(folder.path().join("overlays/kota.test.toml"), stories).unwrap();
    folder
}

fn policy(verb: &str, folder: &Path, more: &[&str]) -> (Option<i32>, String) {
    let mut command = jagaloket();
    command.args(["policy", verb]).arg(folder).args(more);
    let output = run(&mut command, b"");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

#[test]
fn an_overlay_that_leaves_a_policy_with_everybody_to_accuse_is_an_error() {
    let folder = folder(STORIES);
    let long = r#"id = "long-session"
title = { id = "Sesi panjang", en = "Long session" }
basis = "x"
verdict = "indication"
severity = "minor"
per = "session"
while = 'session.active'
for = "9h"
notify = ["supervisor"]
"#;
    fs::write(folder.path().join("long-session.toml"), long).unwrap();
    let (code, said) = policy("check", folder.path(), &[]);
    assert_eq!(code, Some(0), "{said}");
    let decided = "[long-session]\nfor = \"0s\"\nreason = \"r\"\ndecided_by = \"k\"\ndecided_on = 2026-11-01\n";
    fs::write(
        folder.path().join("overlays/kota.toml"),
        format!("{OVERLAY}\n{decided}"),
    )
    .unwrap();
    let (code, said) = policy("check", folder.path(), &[]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("overlays/kota.toml") && said.contains("as the office decided it, of long-session"),
        "{said}"
    );
}

#[test]
fn stories_that_only_an_overlay_has_are_found_by_the_policys_name() {
    let folder = folder(STORIES);
    fs::remove_file(folder.path().join("lockbox-check-overdue.test.toml")).unwrap();
    let (code, said) = policy("test", folder.path(), &["--policy", "lockbox-check-overdue"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("an hour and a half here"), "{said}");
}

#[test]
fn stories_beside_an_overlay_are_judged_under_it() {
    let folder = folder(STORIES);
    let (code, said) = policy("test", folder.path(), &["--policy", "lockbox-check-overdue"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("overlays/kota.test.toml"), "{said}");
    assert!(said.contains("✓ an hour and a half here"), "{said}");
    assert!(!said.contains("nobody looks after"), "{said}");
    // As it ships, two hours, the same story is silent.
    let overlay = OVERLAY.replace("limits = { unchecked = \"90m\" }", "severity = \"major\"");
    fs::write(folder.path().join("overlays/kota.toml"), overlay).unwrap();
    let (code, said) = policy("test", folder.path(), &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("✗ an hour and a half here"), "{said}");
    assert!(said.contains("✓ nobody looks after lockboxes here"), "{said}");
}

#[test]
fn what_an_overlay_says_of_its_stories_can_be_written_for_one() {
    let wrong = STORIES.replace("09:30", "09:40").replace(
        "expect = []",
        "expect = [{ lockbox = \"loker-a\", since = \"09:00\", opened = \"09:02\", until = \"09:30\" }]",
    );
    let folder = folder(&wrong);
    let (code, said) = policy("test", folder.path(), &["--update"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("overlays/kota.test.toml: 2 tests rewritten"), "{said}");
    let (code, said) = policy("test", folder.path(), &[]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn faults_of_such_stories_are_told() {
    let wrong = STORIES
        .replace(
            "policy = \"lockbox-check-overdue\"",
            "policy = \"lockbox-check-overdu\"",
        )
        .replace("policy = \"lockbox-silent\"", "policy = \"counter-silent\"");
    let folder = folder(&wrong);
    let (code, said) = policy("test", folder.path(), &[]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("did you mean `lockbox-check-overdue`?"), "{said}");
    assert!(
        said.contains("the overlay does not change \"counter-silent\""),
        "{said}"
    );
    fs::remove_file(folder.path().join("overlays/kota.toml")).unwrap();
    let (code, said) = policy("test", folder.path(), &[]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("the overlay of \"kota\", which does not exist"), "{said}");
}

#[test]
fn what_an_office_decided_without_a_story_is_warned_of() {
    let folder = folder(STORIES);
    let (code, said) = policy("check", folder.path(), &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("warning: no test shows what the office decided about service-outside-hours"),
        "{said}"
    );
    assert!(said.contains("0 errors and 1 warning in"), "{said}");
    assert_eq!(policy("check", folder.path(), &["--strict"]).0, Some(2));
    fs::remove_file(folder.path().join("overlays/kota.test.toml")).unwrap();
    let (_, said) = policy("check", folder.path(), &[]);
    // What is merely switched off says nothing that a story could show.
    assert!(said.contains("0 errors and 2 warnings in"), "{said}");
}
