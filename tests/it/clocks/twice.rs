//! What comes twice: heartbeats and acts, in any order, also over restarts.

use std::collections::BTreeMap;

use jagaloket::store::rows::EntryKind;

use super::live::Monitor;
use super::{BEGIN, at};

fn body(device: &str, kind: &str, second: i64, data: &str) -> (String, String) {
    let time = at(second).rfc3339(chrono_tz::UTC);
    let body = format!(
        r#"{{"specversion":"1.0","id":"{device}-{second}-{kind}","source":"/kota/{device}","type":"{kind}","time":"{time}"{data}}}"#
    );
    (device.to_owned(), body)
}

/// Ten minutes of an office, with a silence of each device in it.
fn minutes() -> Vec<(String, String)> {
    let mut all = Vec::new();
    let spoken = |from: i64, to: i64| move |second: &i64| !(from..to).contains(second);
    for second in (0..600).step_by(30).filter(spoken(240, 400)) {
        all.push(body("loket-1", "workstation.heartbeat", second, ""));
    }
    for second in (0..600).step_by(30).filter(spoken(300, 460)) {
        all.push(body("loker-a", "lockbox.heartbeat", second, ""));
    }
    for (second, kind) in [
        (5, "session.signed_in"),
        (20, "service.started"),
        (500, "service.ended"),
    ] {
        let officer = r#","data":{"officer":"p-1"}"#;
        let data = if kind == "session.signed_in" { officer } else { "" };
        all.push(body("loket-1", kind, second, data));
    }
    all.push(body(
        "loker-a",
        "lockbox.checked",
        560,
        r#","data":{"officer":"p-1","present":true}"#,
    ));
    all
}

#[tokio::test]
async fn what_comes_twice_is_there_once_and_the_verdicts_are_the_same_in_any_order_and_after_restarts() {
    let mut expected: Option<Vec<String>> = None;
    for seed in 0..6 {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("jagaloket.db");
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut come = minutes();
        let once = come.len();
        if seed > 0 {
            for one in minutes() {
                let more = rng.usize(0..3);
                come.extend(std::iter::repeat_n(one, more));
            }
            rng.shuffle(&mut come);
        }
        let (mut duplicates, mut rest) = (0, &come[..]);
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rng.usize(1..=come.len()).min(rest.len()));
            rest = later;
            let monitor = Monitor::start(&path, at(600)).await;
            for one in now.chunk_by(|one, next| one.0 == next.0) {
                let bodies = one.iter().map(|(_, body)| body.clone()).collect();
                monitor.deliver(&one[0].0, bodies).await;
            }
            duplicates += monitor.metrics.events_duplicate.count();
            monitor.stop().await;
        }
        let monitor = Monitor::start(&path, at(601)).await;
        assert_eq!(duplicates, (come.len() - once) as u64, "each is counted, seed {seed}");
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for row in monitor.ledger().await {
            *kinds.entry(row.kind.as_str()).or_default() += 1;
        }
        assert_eq!((kinds["event"], kinds["pulse"]), (4, once - 4), "seed {seed}");
        let verdicts = monitor.verdicts().await;
        assert!(!verdicts.is_empty());
        assert_eq!(
            &verdicts,
            expected.get_or_insert_with(|| verdicts.clone()),
            "seed {seed}"
        );
        monitor.stop().await;
    }
}

#[tokio::test]
async fn another_body_under_a_known_identity_is_quarantined_whatever_kinds_the_two_are() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jagaloket.db");
    let beat = |id: &str, second: i64| {
        let time = at(second).rfc3339(chrono_tz::UTC);
        format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"/kota/loket-1","type":"workstation.heartbeat","time":"{time}"}}"#
        )
    };
    let act = |id: &str| beat(id, 60).replace("workstation.heartbeat", "service.ended");
    let monitor = Monitor::start(&path, BEGIN).await;
    monitor.deliver("loket-1", vec![beat("a", 0), act("b")]).await;
    monitor.stop().await;
    let monitor = Monitor::start(&path, at(120)).await;
    let others = vec![
        beat("a", 30),
        beat("b", 70),
        act("a"),
        beat("a", 0),
        act("b"),
        beat("c", 80),
    ];
    monitor.deliver("loket-1", others).await;
    let rows = monitor.ledger().await;
    let kinds: Vec<EntryKind> = rows
        .iter()
        .map(|row| row.kind)
        .filter(|kind| *kind == EntryKind::Pulse)
        .collect();
    assert_eq!((kinds.len(), monitor.metrics.events_duplicate.count()), (2, 2));
    let quarantined = monitor
        .store
        .quarantined(&jagaloket::accounts::Scope::whole(), None, None, 9, 99)
        .await
        .unwrap();
    let codes: Vec<&str> = quarantined.iter().map(|row| row.code.as_str()).collect();
    assert_eq!(codes, ["conflict"; 3]);
    monitor.stop().await;
}
