//! `policy test` as people call it: the shipped policies are proved by their tests, and weak tests are found out.

use std::fs;
use std::process::Output;

use jagaloket::engine::policy::PolicySet;
use jagaloket::exit::Exit;
use jagaloket::scenario::{self, judged};
use tempfile::TempDir;

use crate::support::{jagaloket, policies, run};

const ID: &str = "phone-out-during-service";

/// The policy that everybody knows, with these tests.
fn folder(tests: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let policy = format!("{ID}.toml");
    fs::copy(policies().join(&policy), folder.path().join(&policy)).unwrap();
    fs::write(folder.path().join(format!("{ID}.test.toml")), tests).unwrap();
    folder
}

fn call(folder: &TempDir, args: &[&str]) -> Output {
    let mut command = jagaloket();
    command
        .current_dir(folder.path())
        .args(["policy", "test", "."])
        .args(args);
    run(&mut command, b"")
}

#[track_caller]
fn ended(output: &Output, exit: Exit) -> (String, String) {
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    assert_eq!(output.status.code(), Some(i32::from(exit.code())), "{out}{err}");
    (out, err)
}

#[test]
fn the_shipped_policies_have_tests_that_show_everything_they_say() {
    let mut command = jagaloket();
    command
        .args(["policy", "test", "--coverage-min", "100", "--mutate"])
        .arg(policies());
    let (out, _) = ended(&run(&mut command, b""), Exit::Done);
    assert!(out.contains("\ncoverage 100 %"), "{out}");
    assert!(out.contains(" noticed, 0 not, "), "{out}");
    assert!(!out.contains("no tests"), "{out}");
}

const WEAK: &str = r#"
[[test]]
name = "a phone that is out"
timeline = """
08:00 loket-03 sign-in p-003
08:02 loket-03 service starts
08:20 loket-03 service ends
"""
expect = [{ officer = "p-003", counter = "loket-03", since = "08:02", opened = "08:03", until = "08:20" }]
"#;

#[test]
fn tests_that_show_little_leave_clauses_uncovered_and_mutants_alive() {
    let folder = folder(WEAK);
    let (out, _) = ended(&call(&folder, &[]), Exit::Done);
    assert!(out.contains("1 passed, 0 failed; 1 of 1 policies"), "{out}");
    let (out, _) = ended(&call(&folder, &["--coverage-min", "100"]), Exit::Failed);
    assert!(
        out.contains(
            "7 | while    = 'service.active && custody == \"out\"'
  |                               ^^^^^^^^^^^^^^^^ `custody == \"out\"` is never false"
        ),
        "{out}"
    );
    assert!(
        out.contains("no pause lasts just below `bridge` (2m); no pause lasts exactly `bridge`"),
        "{out}"
    );
    assert!(out.contains("less than the 100 % asked for"), "{out}");
    ended(&call(&folder, &["--coverage-min", "20"]), Exit::Done);
    let (out, _) = ended(&call(&folder, &["--mutate"]), Exit::Failed);
    assert!(
        out.contains(
            "7 | while    = 'service.active && custody == \"out\"'
  |                               ^^^^^^^^^^^^^^^^ replaced by `true`"
        ),
        "{out}"
    );
    assert!(out.contains("`bridge` replaced by \"0s\""), "{out}");
}

#[test]
fn a_difference_is_shown_as_a_timeline_and_taken_over_by_update() {
    let wrong = WEAK.replace("opened = \"08:03\"", "opened = \"08:04\"");
    let folder = folder(&format!("# Kept.\n{wrong}# This too.\n"));
    let (out, _) = ended(&call(&folder, &[]), Exit::Failed);
    let told = "
      - expected  p-003 at loket-03: since 08:02:00, opened 08:04:00, until 08:20:00
      + said      p-003 at loket-03: since 08:02:00, opened 08:03:00, until 08:20:00

        08:00:00      loket-03 sign-in p-003
        08:02:00      loket-03 service starts
      - 08:02:00      ┌ p-003 at loket-03: since here
      + 08:02:00      ┌ p-003 at loket-03: since here
      + 08:03:00      │ p-003 at loket-03: opened
      - 08:04:00      │ p-003 at loket-03: opened
        08:20:00      loket-03 service ends
      - 08:20:00      └ p-003 at loket-03: until here
      + 08:20:00      └ p-003 at loket-03: until here
";
    assert!(out.contains(told), "{out}");
    let (out, err) = ended(&call(&folder, &["--update"]), Exit::Done);
    assert!(out.contains(told) && err.contains("1 test rewritten"), "{out}{err}");
    let text = fs::read_to_string(folder.path().join(format!("{ID}.test.toml"))).unwrap();
    assert!(
        text.starts_with("# Kept.\n") && text.ends_with("# This too.\n"),
        "{text}"
    );
    assert!(text.contains("opened = \"08:03:00\""), "{text}");
    ended(&call(&folder, &[]), Exit::Done);
}

#[test]
fn other_programs_read_the_outcome() {
    let wrong = folder(&WEAK.replace("08:03", "08:04"));
    let (out, _) = ended(&call(&wrong, &["--format", "json"]), Exit::Failed);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    let test = &json["policies"][0]["tests"][0];
    assert_eq!((&json["passed"], &test["passed"]), (&false.into(), &false.into()));
    assert_eq!(test["said"][0]["opened"], "2026-11-24T08:03:00.000+07:00");
    let (out, _) = ended(&call(&wrong, &["--format", "junit"]), Exit::Failed);
    assert!(out.contains("<testsuites tests=\"1\" failures=\"1\""), "{out}");
    assert!(out.contains("<failure message=\"the verdicts differ\">"), "{out}");
    let (out, _) = ended(&call(&folder(WEAK), &["--format", "junit", "--mutate"]), Exit::Failed);
    assert!(out.contains("name=\"mutant: replaced by `true`\""), "{out}");
}

#[test]
fn what_cannot_be_read_ends_with_2() {
    let typo = folder(&WEAK.replace("service starts", "service stats"));
    let (_, err) = ended(&call(&typo, &[]), Exit::Usage);
    assert!(err.contains("phone-out-during-service.test.toml:6:24\n"), "{err}");
    let empty = folder("");
    let (_, err) = ended(&call(&empty, &[]), Exit::Usage);
    assert!(err.contains("this file holds no test"), "{err}");
    let stray = folder(WEAK);
    fs::write(stray.path().join("phone-out.test.toml"), WEAK).unwrap();
    let (_, err) = ended(&call(&stray, &[]), Exit::Usage);
    assert!(
        err.contains("tests the policy \"phone-out\", which does not exist"),
        "{err}"
    );
    let (_, err) = ended(
        &call(&folder(WEAK), &["--policy", "phone-out-during-servic"]),
        Exit::Usage,
    );
    assert!(err.contains("did you mean `phone-out-during-service`?"), "{err}");
    let none = folder(WEAK);
    fs::remove_file(none.path().join(format!("{ID}.test.toml"))).unwrap();
    let (_, err) = ended(&call(&none, &[]), Exit::Usage);
    assert!(err.contains("there is no test (POLICY.test.toml)"), "{err}");
}

/// What `policy test` takes for impossible when it asks whether a changed policy is still the same.
const IMPOSSIBLE: [&str; 7] = [
    "service.active && session.active && !session.served",
    "service.active && session.on_break",
    "session.served && !session.active",
    "officer.handsets == 0 && custody in [\"in\", \"out\"]",
    "officer.declared_none && !(custody in [\"none_declared\", \"exempt\"])",
    "!officer.declared_none && custody == \"none_declared\"",
    "session.unchecked_for > duration(\"1ms\") && !session.active",
];

#[test]
fn states_that_are_taken_for_impossible_happen_in_no_story() {
    let texts: Vec<(String, String)> = IMPOSSIBLE
        .iter()
        .enumerate()
        .map(|(n, condition)| {
            let policy = format!(
                "id = \"i{n}\"\ntitle = {{ id = \"-\", en = \"-\" }}\nbasis = \"-\"\nverdict = \"technical\"\n\
                 severity = \"minor\"\nper = \"counter\"\nwhile = '{condition}'\nnotify = []\n"
            );
            (format!("i{n}"), policy)
        })
        .collect();
    let files = texts.iter().map(|(id, text)| (&**id, &**id, &**text));
    let impossible: Vec<_> = PolicySet::parse(files)
        .unwrap()
        .policies
        .iter()
        .map(judged::policies)
        .collect();
    let mut stories = 0;
    for policy in &jagaloket::replay::read_policies(&policies()).unwrap().policies {
        let path = policies().join(format!("{}.test.toml", policy.head.id));
        let text = fs::read_to_string(&path).unwrap();
        for story in scenario::read("", &text, policy, true).unwrap().scenarios {
            stories += 1;
            for (condition, policy) in IMPOSSIBLE.iter().zip(&impossible) {
                let said = judged::in_order(&story, policy);
                assert!(said.is_empty(), "{}: {condition}", story.name);
            }
        }
    }
    assert!(stories > 100, "{stories}");
}
