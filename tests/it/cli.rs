//! The program as people call it: what it prints, and how it ends.

mod check;

use std::fs;
use std::path::Path;
use std::process::Output;

use jagaloket::clock::MonitorClock;
use jagaloket::engine::roster::Language;
use jagaloket::exit::Exit;
use jagaloket::store::rows::{LetterKind, NewLetter, Turn};
use jagaloket::store::{Bounds, Next, Store};
use tempfile::TempDir;

use crate::support::{example, jagaloket, policies, run};

/// Runs the program in `folder`.
fn call(folder: &TempDir, args: &[&str]) -> Output {
    run(jagaloket().current_dir(folder.path()).args(args), b"")
}

fn ended(output: &Output, exit: Exit) -> (String, String) {
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    assert_eq!(output.status.code(), Some(i32::from(exit.code())), "{out}{err}");
    (out, err)
}

/// A folder with a configuration, a roster and the shipped policies.
fn office(broker: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "[office]\nroster = [\"roster.toml\"]\npolicies = \"{}\"\n{broker}",
        policies().display()
    );
    fs::write(folder.path().join("jagaloket.toml"), config).unwrap();
    fs::copy(example("roster.toml"), folder.path().join("roster.toml")).unwrap();
    folder
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    for args in [
        &["reply"][..],
        &["replay"],
        &["serve"],
        &["demo", "--speed", "0"],
        &["ledger", "verify"],
        &[],
    ] {
        let (out, err) = ended(&call(&folder, args), Exit::Usage);
        assert!(
            out.is_empty() && err.contains("Usage:") || err.contains("--help"),
            "{args:?}: {out}{err}"
        );
    }
    let (_, err) = ended(&call(&folder, &["ledgr"]), Exit::Usage);
    assert!(err.contains("similar subcommand") && err.contains("'ledger'"), "{err}");
}

#[test]
fn help_and_version_end_with_0() {
    let folder = tempfile::tempdir().unwrap();
    for args in [
        &["--help"][..],
        &["-h"],
        &["serve", "--help"],
        &["ledger", "verify", "--help"],
        &["--version"],
    ] {
        let (out, err) = ended(&call(&folder, args), Exit::Done);
        assert!(!out.is_empty() && err.is_empty(), "{args:?}: {out}{err}");
    }
}

#[test]
fn every_shell_gets_its_completions() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (out, _) = ended(&call(&folder, &["completions", shell]), Exit::Done);
        assert!(out.contains("replay") && out.contains("roster"), "{shell}");
    }
}

#[test]
fn a_right_configuration_is_checked_and_nothing_is_started() {
    let folder = office("[broker]\nhost = \"127.0.0.1\"\n");
    let (out, err) = ended(
        &call(&folder, &["serve", "--config", "jagaloket.toml", "--check"]),
        Exit::Done,
    );
    assert!(out.contains("tangerang, 5 counters, 2 lockboxes"), "{out}");
    assert!(out.contains("20 policies"), "{out}");
    assert!(
        out.contains("tangerang: 16 policies in force, 0 decided otherwise by the office"),
        "{out}"
    );
    assert_eq!(err, "");
    assert!(!folder.path().join("jagaloket.db").exists());
}

#[test]
fn a_wrong_configuration_ends_with_2_and_every_fault() {
    let folder = office("[broker]\nhots = \"127.0.0.1\"\n[web]\nlisten = \"here\"\n");
    for args in [
        &["serve", "--config", "jagaloket.toml"][..],
        &["ledger", "verify", "--config", "jagaloket.toml"],
    ] {
        let (_, err) = ended(&call(&folder, args), Exit::Usage);
        assert!(
            err.contains("did you mean `host`?\n  --> jagaloket.toml:5:1\n"),
            "{err}"
        );
        assert!(err.contains("--> jagaloket.toml:7:1"), "{err}");
    }
    let (_, err) = ended(&call(&folder, &["serve", "--config", "nowhere.toml"]), Exit::Usage);
    assert!(
        err.contains("cannot read the configuration file nowhere.toml: No such file"),
        "{err}"
    );
}

#[test]
fn faults_of_roster_and_policies_are_told_together() {
    let folder = office("[broker]\nhost = \"127.0.0.1\"\n");
    let roster = folder.path().join("roster.toml");
    let text = fs::read_to_string(&roster)
        .unwrap()
        .replace("Asia/Jakarta", "Asia/Jakata");
    fs::write(&roster, text).unwrap();
    let config = folder.path().join("jagaloket.toml");
    let text = fs::read_to_string(&config)
        .unwrap()
        .replace(&policies().display().to_string(), "rules");
    fs::write(&config, text).unwrap();
    fs::create_dir(folder.path().join("rules")).unwrap();
    let policy = fs::read_to_string(policies().join("phone-out-during-service.toml")).unwrap();
    let wrong = policy.replace("custody ==", "custdy ==");
    fs::write(folder.path().join("rules/phone-out-during-service.toml"), wrong).unwrap();
    let (_, err) = ended(
        &call(&folder, &["serve", "--config", "jagaloket.toml", "--check"]),
        Exit::Usage,
    );
    assert!(err.contains("\"Asia/Jakata\" is not an IANA time zone"), "{err}");
    assert!(err.contains("custdy") && err.contains("custody"), "{err}");
    let (_, err) = ended(&call(&folder, &["policy", "check", "rules"]), Exit::Usage);
    assert!(err.contains("custdy"), "{err}");
}

#[test]
fn a_misspelt_key_is_told_once_with_its_place_and_the_nearest_one() {
    let folder = office("[broker]\nhost = \"127.0.0.1\"\n");
    let roster = folder.path().join("roster.toml");
    let text = fs::read_to_string(&roster).unwrap().replace("timezone", "timezon");
    fs::write(&roster, text).unwrap();
    let rules = policies().display().to_string();
    let (_, err) = ended(
        &call(
            &folder,
            &["replay", "--roster", "roster.toml", "--policies", &rules, "x.jsonl"],
        ),
        Exit::Failed,
    );
    let told = "error: there is no key `timezon` here; did you mean `timezone`?\n  --> roster.toml:";
    assert!(err.starts_with(told), "{err}");
}

#[test]
fn a_password_never_appears_whatever_is_wrong() {
    let folder = office("[broker]\nhost = \"127.0.0.1\"\nuser = \"u\"\npassword = \"hunter2\"\n");
    let output = call(&folder, &["serve", "--config", "jagaloket.toml"]);
    let (out, err) = ended(&output, Exit::Usage);
    assert!(
        err.contains("password_env") && !format!("{out}{err}").contains("hunter2"),
        "{err}"
    );
}

#[test]
fn policies_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let (out, _) = ended(
        &call(&folder, &["policy", "check", &policies().display().to_string()]),
        Exit::Done,
    );
    assert_eq!(out.lines().count(), 20, "{out}");
    assert!(
        out.contains("phone-out-during-service     indication    major     session"),
        "{out}"
    );
    assert!(out.contains("Service outside office hours (off)\n"), "{out}");
}

#[test]
fn what_an_office_decided_is_listed_below_the_policies() {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(policies()).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    fs::create_dir(folder.path().join("overlays")).unwrap();
    let overlay = "[service-outside-hours]\nenabled = true\nfor = \"20m\"\nreason = \"Antrean Jumat\"\n\
                   decided_by = \"Kepala Kantor\"\ndecided_on = 2026-11-24\n";
    fs::write(folder.path().join("overlays/tangerang.toml"), overlay).unwrap();
    let (out, _) = ended(&call(&folder, &["policy", "check", "."]), Exit::Done);
    let (_, listed) = out.split_once("overlays/tangerang.toml\n").unwrap();
    assert_eq!(
        listed,
        "  service-outside-hours      in force: yes (as shipped: no); limit 20 minutes (as shipped: 15 minutes). \
         Reason: Antrean Jumat. Decided by Kepala Kantor, 24 November 2026.\n"
    );
}

#[test]
fn a_missing_or_foreign_database_is_no_broken_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let (_, err) = ended(
        &call(&folder, &["ledger", "verify", "--database", "none.db"]),
        Exit::Failed,
    );
    assert!(err.contains("none.db"), "{err}");
    assert!(!Path::new(&folder.path().join("none.db")).exists());
    fs::write(
        folder.path().join("text.db"),
        "this is no database, however long it may be".repeat(100),
    )
    .unwrap();
    ended(
        &call(&folder, &["ledger", "verify", "--database", "text.db"]),
        Exit::Failed,
    );
}

#[test]
fn a_letter_that_was_given_up_is_listed_and_tried_again_beside_a_running_monitor() {
    let folder = office("[broker]\nhost = \"127.0.0.1\"\n");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let now = MonitorClock::Wall.now();
    let letter = |n: i64| NewLetter {
        incident: None,
        kind: LetterKind::Opened,
        person: format!("s-0{n}"),
        address: "kasi@tangerang.example".into(),
        language: Language::Id,
        subject: "Indikasi".into(),
        message_id: format!("{n}@tangerang.example"),
        in_reply_to: None,
        text_body: String::new(),
        html_body: String::new(),
        created: now,
        due: now,
    };
    // Open for writing here, as the monitor has it.
    let store = runtime.block_on(async {
        let path = folder.path().join("jagaloket.db");
        let store = Store::open(&path, Bounds::default()).await.unwrap();
        let letters = vec![letter(1), letter(2)];
        store
            .commit(&Turn {
                letters,
                ..Turn::default()
            })
            .await
            .unwrap();
        for leased in store.lease(now, 2, 1_000).await.unwrap() {
            let words = "permanent error (550): no\u{1b}[2J";
            store
                .settle_failed(leased.n, leased.attempt, Next::Dead(now), words)
                .await
                .unwrap();
        }
        store
    });
    let config = ["--config", "jagaloket.toml"];
    let (out, _) = ended(
        &call(&folder, &[&["letters", "list"][..], &config].concat()),
        Exit::Done,
    );
    assert!(
        out.contains("dead") && out.contains("opened for s-02, 1 attempts: permanent"),
        "{out}"
    );
    assert!(!out.contains('\u{1b}') && !out.contains('@'), "{out}");
    let (_, err) = ended(
        &call(&folder, &[&["letters", "retry", "3"][..], &config].concat()),
        Exit::Failed,
    );
    assert!(err.contains("no letter 3"), "{err}");
    ended(
        &call(&folder, &[&["letters", "retry", "2"][..], &config].concat()),
        Exit::Done,
    );
    let state = || runtime.block_on(store.outbox_counts()).unwrap();
    assert_eq!((state().dead, state().waiting), (1, 1));
    ended(
        &call(&folder, &[&["letters", "retry", "--all-dead"][..], &config].concat()),
        Exit::Done,
    );
    assert_eq!((state().dead, state().waiting), (0, 2));
    let leased = runtime
        .block_on(store.lease(MonitorClock::Wall.now(), 9, 1_000))
        .unwrap();
    assert!(leased.len() == 2 && leased.iter().all(|leased| leased.attempt == 1));
}

#[test]
fn whoever_has_seen_enough_is_not_bothered() {
    let mut command = jagaloket();
    command
        .args(["completions", "bash"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
