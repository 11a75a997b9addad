//! Holds and runs of retention by the command line, beside a running monitor and without one.

use std::process::Output;

use super::{House, PASSWORD, distinct};
use crate::support::{example_events, http_get, jagaloket, python, run};

fn said(output: &Output) -> (Option<i32>, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

const ORDER: [&str; 4] = ["--reason", "perkara 12/2026", "--by", "Kepala Kantor"];

fn add<'w>(what: &[&'w str]) -> Vec<&'w str> {
    [&["retention", "hold", "add"], what, &ORDER[..]].concat()
}

fn ask(house: &House, words: &[&str]) -> (Option<i32>, String) {
    let mut command = jagaloket();
    command.args(words).arg("--config").arg(house.path("jagaloket.toml"));
    said(&run(&mut command, b""))
}

fn done(house: &House, words: &[&str]) -> String {
    let (code, text) = ask(house, words);
    assert_eq!(code, Some(0), "{words:?}: {text}");
    text
}

#[test]
fn holds_and_runs_are_asked_of_the_running_monitor_and_done_here_where_none_runs() {
    let house = House::embedded();
    let mut serve = house.serve();
    let lines = example_events("soup-101");
    python(
        include_str!("publish.py"),
        &[&house.broker.to_string(), PASSWORD],
        lines.join("\n").as_bytes(),
    );
    house.wait_for_events(distinct(&lines));
    let order = ORDER;

    // Beside the monitor.
    let stands = done(&house, &add(&["--incident", "1"]));
    assert!(stands.starts_with("hold ") && stands.contains(" stands"), "{stands}");
    let number = stands.split(' ').nth(1).unwrap().to_owned();
    let (code, why) = ask(&house, &add(&["--incident", "999999"]));
    assert!(code == Some(1) && why.contains("no incident 999999"), "{why}");
    let (code, why) = ask(&house, &add(&["--office", "batam"]));
    assert!(code == Some(1) && why.contains("it has tangerang"), "{why}");
    let (code, _) = ask(&house, &add(&[]));
    assert_eq!(code, Some(2));
    done(
        &house,
        &add(&[
            "--officer",
            "p-003",
            "--office",
            "tangerang",
            "--from",
            "2026-11-01",
            "--until",
            "2026-11-30",
        ]),
    );
    let list = done(&house, &["retention", "hold", "list"]);
    assert!(
        list.contains("incident 1: perkara 12/2026 (by Kepala Kantor)"),
        "{list}"
    );
    assert!(
        list.contains(
            "officer p-003, office tangerang, from 2026-10-31T17:00:00.000+00:00, before 2026-11-30T17:00:00.000+00:00"
        ),
        "{list}"
    );
    done(&house, &["retention", "run"]);
    let shown = done(&house, &["retention", "show"]);
    assert!(
        shown.contains("The last run was at 20") && shown.contains("2 holds stand"),
        "{shown}"
    );
    let (_, _, metrics) = http_get(house.web, "/metrics", &[]);
    assert!(
        metrics.contains("jagaloket_retention_removed_total{kind=\"heartbeats\"} "),
        "{metrics}"
    );
    let last = metrics
        .lines()
        .find_map(|line| line.strip_prefix("jagaloket_retention_last_run_seconds "));
    assert!(last.unwrap().parse::<f64>().unwrap() > 1e9);
    let (_, _, page) = house.get("/health?lang=en");
    assert!(page.contains("Last run of retention"), "{page}");
    serve.terminate();
    assert_eq!(
        serve.ended_within(std::time::Duration::from_secs(15)),
        Some(0),
        "{}",
        serve.log()
    );

    // Without it.
    let release = ["retention", "hold", "release", &number];
    let released = done(&house, &[&release[..], &order[..]].concat());
    assert!(released.contains("is released"), "{released}");
    let (code, why) = ask(&house, &[&release[..], &order[..]].concat());
    assert!(code == Some(1) && why.contains("there is no hold"), "{why}");
    done(&house, &["retention", "run"]);
    let verified = done(&house, &["ledger", "verify", "--snapshots"]);
    assert!(verified.contains("says what the ledger says"), "{verified}");
    // What it says has not changed.
    let mut serve = house.serve();
    house.wait_until_ready();
    serve.terminate();
    assert_eq!(
        serve.ended_within(std::time::Duration::from_secs(15)),
        Some(0),
        "{}",
        serve.log()
    );
}
