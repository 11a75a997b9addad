//! `policy check`: what people read about broken policy files, and what programs read.

use std::fs;
use std::path::{Path, PathBuf};

use jagaloket::engine::policy::{Level, PolicySet};

use crate::support::{EXAMPLE_DAYS, example, jagaloket, policies, run};

fn broken() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/broken-policies")
}

/// (name without `.toml`, text) of every policy file in a folder.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .filter(|path| !path.to_str().unwrap().ends_with(".test.toml"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect();
    files.sort();
    files
}

fn check(folder: &Path, more: &[&str]) -> (Option<i32>, String, String) {
    let mut command = jagaloket();
    command.args(["policy", "check"]).arg(folder).args(more);
    let output = run(&mut command, b"");
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn each_broken_file_is_told_with_all_its_faults() {
    let files = files(&broken());
    assert!(files.len() >= 20, "{}", files.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(broken().join("messages"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (name, text) in &files {
            let path = format!("{name}.toml");
            let checked = PolicySet::check([(path.as_str(), name.as_str(), text.as_str())]);
            assert!(!checked.faults.is_empty(), "{name} is not broken");
            let told: Vec<String> = checked.faults.iter().map(|fault| format!("{fault}\n")).collect();
            insta::assert_snapshot!(name.as_str(), told.join("\n"));
        }
    });
}

#[test]
fn no_fault_points_outside_its_line() {
    for (name, text) in files(&broken()) {
        let checked = PolicySet::check([("p.toml", name.as_str(), text.as_str())]);
        for fault in checked.faults {
            let line = text.lines().nth(fault.line - 1).unwrap_or("");
            assert_eq!(line, fault.source, "{name}");
            assert!(fault.column <= line.chars().count() + 1, "{name}: {fault}");
            let end = (fault.end_line, fault.end_column);
            assert!(end >= (fault.line, fault.column), "{name}: {fault}");
        }
    }
}

#[test]
fn the_shipped_policies_have_neither_faults_nor_idle_clauses() {
    let files = files(&policies());
    let checked = PolicySet::check(
        files
            .iter()
            .map(|(name, text)| (name.as_str(), name.as_str(), text.as_str())),
    );
    let told: Vec<String> = checked.faults.iter().map(ToString::to_string).collect();
    assert!(told.is_empty(), "{}", told.join("\n\n"));
    assert_eq!(checked.set.unwrap().policies.len(), files.len());
}

#[test]
fn programs_read_one_object_a_fault() {
    let (code, out, err) = check(&broken(), &["--format", "json"]);
    assert_eq!((code, err.as_str()), (Some(2), ""));
    let faults: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let misspelt = faults
        .iter()
        .find(|fault| fault["code"] == "unknown-key" && fault["line"] == 3)
        .unwrap();
    assert!(misspelt["file"].as_str().unwrap().ends_with("misspelt-keys.toml"));
    assert_eq!(misspelt["level"], "error");
    assert_eq!((&misspelt["column"], &misspelt["end_column"]), (&1.into(), &6.into()));
    assert_eq!(misspelt["message"], "there is no key `bases` in a policy");
    assert_eq!(misspelt["help"], "did you mean `basis`?");
}

#[test]
fn every_code_is_explained() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policy-check.md")).unwrap();
    let (_, out, _) = check(&broken(), &["--format", "json"]);
    let codes: std::collections::BTreeSet<String> = out
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["code"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert!(codes.len() > 20, "{codes:?}");
    let missing: Vec<&String> = codes
        .iter()
        .filter(|code| !page.contains(&format!("`{code}`")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_shipped_policies_pass_the_strict_check() {
    let (code, out, err) = check(&policies(), &["--strict"]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
}

#[test]
fn a_policy_without_tests_is_warned_of_and_strictly_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let name = "phone-out-during-service.toml";
    fs::copy(policies().join(name), folder.path().join(name)).unwrap();
    let (code, out, err) = check(folder.path(), &[]);
    assert_eq!(code, Some(0), "{err}");
    assert!(err.starts_with("warning: the policy has no tests\n"), "{err}");
    assert!(out.starts_with("phone-out-during-service "), "{out}");
    let (code, out, err) = check(folder.path(), &["--strict"]);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
    assert!(err.starts_with("error: the policy has no tests\n"), "{err}");
    assert!(err.ends_with("1 error and 0 warnings in 1 policy\n"), "{err}");
    fs::write(folder.path().join("phone-out-during-service.test.toml"), "[[test]]\n").unwrap();
    assert_eq!(check(folder.path(), &["--strict"]).0, Some(0));
}

#[test]
fn what_nobody_reads_and_what_nobody_can_read_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let name = "lockbox-silent.toml";
    fs::copy(policies().join(name), folder.path().join(name)).unwrap();
    fs::write(folder.path().join("lockbox-silent.tml"), "").unwrap();
    fs::write(folder.path().join("lockbox-slient.test.toml"), "[[test]]\n").unwrap();
    fs::write(folder.path().join("README.md"), "").unwrap();
    fs::write(folder.path().join("latin.toml"), b"id = \"\xe9\"").unwrap();
    let (code, out, _) = check(folder.path(), &["--format", "json"]);
    assert_eq!(code, Some(2));
    let mut codes: Vec<String> = out
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["code"].to_string())
        .collect();
    codes.sort();
    assert_eq!(
        codes,
        [
            "\"no-tests\"",
            "\"not-utf-8\"",
            "\"test-of-no-policy\"",
            "\"unknown-file\""
        ]
    );
}

#[test]
fn overlays_are_looked_at_with_the_policies_they_change() {
    let folder = tempfile::tempdir().unwrap();
    let name = "lockbox-silent.toml";
    fs::copy(policies().join(name), folder.path().join(name)).unwrap();
    fs::create_dir(folder.path().join("overlays")).unwrap();
    let overlay = "[lockbox-slient]\nenabled = false\nreason = \"r\"\ndecided_by = \"d\"\ndecided_on = 2026-11-24\n";
    fs::write(folder.path().join("overlays/tangerang.toml"), overlay).unwrap();
    let (code, _, err) = check(folder.path(), &[]);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("overlays/tangerang.toml:1:2\n"), "{err}");
    assert!(err.contains("\n  = help: did you mean `lockbox-silent`?"), "{err}");
}

#[test]
fn two_policies_with_one_id_are_told_of_each_other() {
    let text = fs::read_to_string(policies().join("lockbox-silent.toml")).unwrap();
    let files = [
        ("a/lockbox-silent.toml", "lockbox-silent", text.as_str()),
        ("a/other.toml", "other", text.as_str()),
    ];
    let checked = PolicySet::check(files);
    assert!(checked.set.is_none());
    assert_eq!(checked.faults.len(), 1);
    assert_eq!(checked.faults[0].code, "duplicate-id");
    let told = checked.faults[0].to_string();
    assert!(
        told.contains("--> a/other.toml:1:12") && told.contains("the other is a/lockbox-silent.toml"),
        "{told}"
    );
}

#[test]
fn replay_and_serve_refuse_policies_in_the_same_words() {
    let folder = tempfile::tempdir().unwrap();
    let name = "many-wrong-names.toml";
    fs::create_dir(folder.path().join("rules")).unwrap();
    fs::copy(broken().join(name), folder.path().join("rules").join(name)).unwrap();
    fs::copy(example("roster.toml"), folder.path().join("roster.toml")).unwrap();
    let config =
        "[office]\nroster = [\"roster.toml\"]\npolicies = \"rules\"\n[broker]\nembedded = true\nanonymous = true\n";
    fs::write(folder.path().join("jagaloket.toml"), config).unwrap();
    let text = fs::read_to_string(broken().join(name)).unwrap();
    let rules = folder.path().join("rules").join(name);
    let faults = PolicySet::parse([(rules.to_str().unwrap(), "many-wrong-names", text.as_str())]).unwrap_err();
    assert!(faults.0.iter().all(|fault| fault.level == Level::Error));
    let told = faults.to_string();
    let mut replay = jagaloket();
    replay.arg("replay").arg("--roster").arg(example("roster.toml"));
    replay.arg("--policies").arg(folder.path().join("rules")).arg("-");
    let mut serve = jagaloket();
    serve
        .args(["serve", "--config"])
        .arg(folder.path().join("jagaloket.toml"));
    let mut checked = jagaloket();
    checked
        .args(["serve", "--check", "--config"])
        .arg(folder.path().join("jagaloket.toml"));
    for (mut command, code) in [(replay, 1), (serve, 2), (checked, 2)] {
        let output = run(&mut command, b"");
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{err}");
        assert!(err.contains(&told), "{err}\n----\n{told}");
        assert!(!err.contains("error: error:"), "{err}");
    }
}

/// What the checker takes for impossible in an office, as conditions.
const IMPOSSIBLE: [(&str, &str); 16] = [
    ("counter", "session.served && !session.active"),
    ("counter", "service.active && session.on_break"),
    ("counter", "service.active && session.active && !session.served"),
    ("counter", "service.booking != \"\" && !service.active"),
    ("counter", "officer.id == \"\" && session.active"),
    ("counter", "custody in [\"in\", \"out\"] && officer.handsets == 0"),
    (
        "counter",
        "custody == \"unknown\" && officer.handsets > 0 && !lockbox.silent && !lockbox.clock_off",
    ),
    (
        "counter",
        "officer.declared_none && !(custody in [\"none_declared\", \"exempt\"])",
    ),
    ("counter", "!officer.declared_none && custody == \"none_declared\""),
    (
        "counter",
        "service.active && session.active && !workstation.silent && !workstation.clock_off && officer.active_services == 0",
    ),
    (
        "counter",
        "!session.active && (custody != \"unknown\" || officer.handsets > 0 || officer.active_services > 0 \
         || officer.declared_none || officer.handed_over || shift.active || lockbox.silent || officer.id != \"\" \
         || session.unchecked_for > duration(\"1ms\"))",
    ),
    ("session", "!session.active"),
    ("service", "!service.active || !session.active"),
    ("officer", "custody in [\"in\", \"out\"] && officer.handsets == 0"),
    (
        "officer",
        "custody == \"unknown\" && officer.handsets > 0 && !lockbox.silent && !lockbox.clock_off",
    ),
    (
        "officer",
        "officer.id == \"\" || officer.declared_none != (custody == \"none_declared\") && custody != \"exempt\"",
    ),
];

#[test]
fn what_is_taken_for_impossible_happens_on_no_day() {
    let texts: Vec<(String, String)> = IMPOSSIBLE
        .iter()
        .enumerate()
        .map(|(ix, (per, condition))| {
            let id = format!("impossible-{ix}");
            let text = format!(
                "id = \"{id}\"\ntitle = {{ id = \"t\", en = \"t\" }}\nbasis = \"b\"\nverdict = \"technical\"\n\
                 severity = \"info\"\nper = \"{per}\"\nwhile = '{condition}'\nnotify = []\n"
            );
            (id, text)
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    for (id, text) in &texts {
        fs::write(folder.path().join(format!("{id}.toml")), text).unwrap();
    }
    // Each of them is said to hold never.
    let checked = PolicySet::check(texts.iter().map(|(id, text)| (id.as_str(), id.as_str(), text.as_str())));
    let never: Vec<&str> = checked.faults.iter().map(|fault| fault.code).collect();
    assert_eq!(never, vec!["never-true"; IMPOSSIBLE.len()], "{:#?}", checked.faults);
    for day in EXAMPLE_DAYS {
        let mut command = jagaloket();
        command.arg("replay").arg("--roster").arg(example("roster.toml"));
        command.arg("--policies").arg(folder.path()).arg("--quiet");
        command.arg(example(&format!("{day}.jsonl.gz")));
        let output = run(&mut command, b"");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{day}");
        assert!(matches!(output.status.code(), Some(0 | 3)), "{day}: {output:?}");
    }
}

#[test]
fn a_policy_that_can_say_nothing_fails_the_check_and_stops_no_start() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(policies().join("phone-out-during-service.toml")).unwrap();
    let text = text.replace("service.active &&", "service.active && !session.active &&");
    fs::write(folder.path().join("phone-out-during-service.toml"), &text).unwrap();
    let check = |folder: &Path| jagaloket().args(["policy", "check"]).arg(folder).output().unwrap();
    let checked = check(folder.path());
    let err = String::from_utf8_lossy(&checked.stderr);
    assert_eq!(checked.status.code(), Some(2), "{err}");
    assert!(err.contains("error: this condition can never hold"), "{err}");
    let replayed = jagaloket()
        .args(["replay", "--quiet", "--policies"])
        .arg(folder.path())
        .arg("--roster")
        .arg(example("roster.toml"))
        .arg(example("day-4.jsonl.gz"))
        .output()
        .unwrap();
    assert!(
        replayed.status.success(),
        "{}",
        String::from_utf8_lossy(&replayed.stderr)
    );
}

#[test]
fn a_condition_that_always_holds_is_an_error_unless_a_for_gives_it_meaning() {
    let folder = tempfile::tempdir().unwrap();
    let policy = |id: &str, per: &str, rest: &str| {
        let text = format!(
            "id = \"{id}\"\ntitle = {{ id = \"t\", en = \"t\" }}\nbasis = \"b\"\nverdict = \"technical\"\n\
             severity = \"info\"\nper = \"{per}\"\n{rest}\nnotify = []\n"
        );
        fs::write(folder.path().join(format!("{id}.toml")), text).unwrap();
        fs::write(folder.path().join(format!("{id}.test.toml")), "[[test]]\n").unwrap();
    };
    policy(
        "signed-in-too-long",
        "session",
        "while = 'session.active'\nfor = \"9h\"",
    );
    let (code, _, err) = check(folder.path(), &["--strict"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    policy("signed-in", "session", "while = 'session.active'");
    policy(
        "anything",
        "counter",
        "while = 'service.active || !service.active'\nfor = \"0s\"",
    );
    policy("seen", "officer", "on = \"handset.seen\"\nwhere = 'event.private'");
    let (code, out, err) = check(folder.path(), &[]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    let shown = format!("{}/", folder.path().display());
    insta::assert_snapshot!(err.replace(&shown, ""));
}
