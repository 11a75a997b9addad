//! The monitor on its own clock: silence, stops and starts as they are lived through.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

use jagaloket::clock::MonitorClock;
use jagaloket::engine::event::OfficeId;
use jagaloket::engine::time::Moment;
use jagaloket::store::rows::{EntryKind, NewEntry, Turn};
use jagaloket::store::{Bounds, Store};

use super::{House, PASSWORD};
use crate::support::{example, jagaloket, policies, python, python_command, run, wait_until};

/// An office whose first counter is silent after three seconds, and told of a second later.
fn impatient() -> House {
    let house = House::embedded();
    let roster = fs::read_to_string(example("roster.toml")).unwrap();
    let first = "id = \"loket-01\"\n";
    assert!(roster.contains(first));
    let roster = roster.replace(
        first,
        &format!("{first}heartbeat_every = \"1s\"\nsilent_after = \"3s\"\n"),
    );
    fs::write(house.path("roster.toml"), roster).unwrap();
    let policy = fs::read_to_string(policies().join("counter-silent.toml")).unwrap();
    fs::create_dir(house.path("policies")).unwrap();
    fs::write(
        house.path("policies/counter-silent.toml"),
        policy.replace("\"3m\"", "\"1s\""),
    )
    .unwrap();
    let config = fs::read_to_string(house.path("jagaloket.toml")).unwrap();
    let config = config
        .replace("clock = \"events\"\n", "")
        .replace(&format!("{:?}", example("roster.toml")), "\"roster.toml\"")
        .replace(&format!("{:?}", policies()), "\"policies\"");
    fs::write(house.path("jagaloket.toml"), config).unwrap();
    house
}

fn event(kind: &str, at: Moment, data: &str) -> String {
    let time = at.rfc3339(chrono_tz::Asia::Jakarta);
    format!(
        "{{\"specversion\":\"1.0\",\"id\":\"{kind}-{}\",\"source\":\"/tangerang/loket-01\",\"type\":\"{kind}\",\
         \"time\":\"{time}\",\"data\":{data}}}\n",
        at.0
    )
}

fn publish(house: &House, lines: &str) {
    python(
        include_str!("publish.py"),
        &[&house.broker.to_string(), PASSWORD],
        lines.as_bytes(),
    );
}

fn heartbeats(from: Moment, until: Moment) -> String {
    let seconds = until.ms_since(from) / 1_000;
    (1..=seconds)
        .map(|second| event("workstation.heartbeat", from.plus_ms(second * 1_000), "{}"))
        .collect()
}

#[test]
fn a_stop_of_the_monitor_makes_no_device_silent_and_real_silence_is_still_told() {
    let house = impatient();
    let mut serve = house.serve();
    let began = MonitorClock::Wall.now();
    publish(&house, &event("session.signed_in", began, "{\"officer\":\"p-001\"}"));
    house.wait_for_events(1);
    serve.kill();
    std::thread::sleep(Duration::from_secs(6));
    let _serve = house.serve();
    // Long enough for many ticks. The device reconnects and sends what it has kept.
    std::thread::sleep(Duration::from_secs(3));
    let now = MonitorClock::Wall.now();
    publish(&house, &heartbeats(began, now));
    let last = began.plus_ms(now.ms_since(began) / 1_000 * 1_000);
    assert_eq!(house.verdicts(), Vec::<serde_json::Value>::new());
    wait_until(Duration::from_secs(20), "the real silence", || {
        !house.verdicts().is_empty()
    });
    let verdicts = house.verdicts();
    assert_eq!(verdicts.len(), 1, "{verdicts:?}");
    assert_eq!(verdicts[0]["policy"], "counter-silent");
    assert_eq!(verdicts[0]["since"], last.rfc3339(chrono_tz::Asia::Jakarta).to_string());
    wait_until(Duration::from_secs(20), "its letters", || house.counts()[3] == 0);
    for mail in fs::read_dir(house.path("mails")).unwrap() {
        let text = fs::read_to_string(mail.unwrap().path()).unwrap();
        assert!(
            !text.contains("In-Reply-To"),
            "nothing was told that had to be taken back: {text}"
        );
    }
}

#[test]
fn a_stop_does_not_wait_for_a_database_that_cannot_be_written() {
    let house = impatient();
    let mut serve = house.serve();
    publish(
        &house,
        &event("session.signed_in", MonitorClock::Wall.now(), "{\"officer\":\"p-001\"}"),
    );
    house.wait_for_events(1);
    let mut command = python_command(
        "import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1], isolation_level=None)\ndb.execute('BEGIN IMMEDIATE')\n\
         print('locked', flush=True)\nsys.stdin.read()",
    );
    let path = house.path("jagaloket.db");
    command.arg(&path).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut locker = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(locker.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "locked\n");
    // A tick is due within ten seconds.
    std::thread::sleep(Duration::from_secs(12));
    serve.terminate();
    let ended = serve.ended_within(Duration::from_secs(20));
    locker.kill().unwrap();
    locker.wait().unwrap();
    assert!(ended.is_some(), "{}", serve.log());
}

#[tokio::test]
async fn a_start_is_refused_where_the_machines_clock_can_hardly_be_right() {
    const DAY_MS: i64 = 86_400_000;
    let now = MonitorClock::Wall.now();
    for (away_ms, what) in [
        (-40 * DAY_MS, "more than a month after"),
        (2 * DAY_MS, "more than a day before"),
    ] {
        let house = impatient();
        let store = Store::open(&house.path("jagaloket.db"), Bounds::default())
            .await
            .unwrap();
        let at = now.plus_ms(away_ms);
        let turn = Turn {
            entries: vec![NewEntry {
                received: at,
                kind: EntryKind::Event,
                office: OfficeId::new("tangerang"),
                source: "/tangerang/loket-01".to_owned(),
                id: "last".to_owned(),
                time: at,
                body: event("workstation.heartbeat", at, "{}").into_bytes(),
                clock: None,
            }],
            ..Turn::default()
        };
        store.commit(&turn).await.unwrap();
        let head = store.head().await.unwrap();
        store.close().await.unwrap();
        drop(store);
        let mut command = jagaloket();
        command.arg("serve").arg("--config").arg(house.path("jagaloket.toml"));
        let output = run(&mut command, b"");
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{err}");
        assert!(err.contains(what) && err.contains("--clock-is-right"), "{err}");
        let store = Store::open(&house.path("jagaloket.db"), Bounds::default())
            .await
            .unwrap();
        assert_eq!(store.head().await.unwrap(), head, "nothing was written");
        store.close().await.unwrap();
    }
}
