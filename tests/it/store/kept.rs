//! A start from a snapshot says the same as one from the begin of the ledger.

use jagaloket::daemon;
use jagaloket::daemon::desk::{Desk, PolicyTexts, Texts};
use jagaloket::engine::{Clock, Engine};
use jagaloket::replay;
use jagaloket::wire::{self, Limits};

use super::*;
use crate::engine::{events, rules};
use crate::support::{example, policies};

on_both! {
    a_start_from_a_snapshot_says_what_one_from_the_begin_says,
    two_snapshots_of_an_office_are_kept_and_one_of_another_ledger_is_none,
}

pub(super) const KEEP_MS: i64 = 15 * 86_400_000;

pub fn texts() -> Texts {
    let files = replay::policy_files(&policies()).unwrap();
    Texts {
        roster: std::fs::read_to_string(example("roster.toml")).unwrap(),
        policies: PolicyTexts(files.into_iter().map(|(_, id, text)| (id, text)).collect()),
    }
}

/// What else is put in force on the way: a calendar, a limit of silence, fewer policies.
pub fn others() -> Vec<Texts> {
    let first = texts();
    let with_roster = |roster: String| Texts {
        roster,
        policies: first.policies.clone(),
    };
    let mut fewer = first.clone();
    fewer.policies.0.remove("counter-silent");
    fewer.roster = fewer
        .roster
        .replacen("silent_after = \"90s\"", "silent_after = \"45s\"", 1);
    let week = "[office.calendar.week]\ntuesday = { open = \"07:00-12:00\" }\n";
    let hours = format!("{}\n[office.calendar]\nfrom = 2026-11-20\n{week}", first.roster);
    vec![with_roster(hours), fewer, first]
}

/// All that a desk says.
pub fn says(desk: &Desk, now: Moment) -> impl PartialEq + std::fmt::Debug + use<> {
    let engine: &Engine = &desk.engine;
    let devices: Vec<DeviceId> = desk.roster.device_ids().cloned().collect();
    let silences: Vec<_> = devices
        .iter()
        .map(|device| (engine.silences(device), engine.horizon(device)))
        .collect();
    (
        (engine.verdicts(), silences, engine.wake_at(), engine.clock()),
        (engine.missing(), engine.gaps(), engine.in_force_since(), desk.ticked),
        (desk.clocks.shown(), desk.gaps.shown(now), desk.judged_anew),
        desk.policies.iter().map(|head| head.content_hash()).collect::<Vec<_>>(),
    )
}

pub fn rows(
    events: &[jagaloket::engine::event::Event],
    received: Moment,
    roster: &jagaloket::engine::roster::Roster,
) -> Turn {
    let entries = events.iter().map(|event| NewEntry {
        received,
        kind: match event.kind {
            jagaloket::engine::event::Kind::Ticked => EntryKind::Tick,
            _ => EntryKind::Event,
        },
        office: event.office.clone(),
        source: format!("/{}/{}", event.office, event.device),
        id: event.id.to_string(),
        time: event.time,
        body: wire::to_json(event, roster.office.zone).into_bytes(),
        clock: None,
    });
    Turn {
        entries: entries.collect(),
        ..Turn::default()
    }
}

async fn a_start_from_a_snapshot_says_what_one_from_the_begin_says(home: Home) {
    let (roster, _) = rules();
    let mut rng = fastrand::Rng::with_seed(6);
    let mut all = events("soup-120", &roster);
    all.retain(|event| {
        wire::parse(
            None,
            wire::to_json(event, roster.office.zone).as_bytes(),
            &roster,
            &Limits::REPLAY,
        )
        .is_ok()
    });
    // Late ones lie on both sides of every snapshot.
    rng.shuffle(&mut all);
    let store = home.open().await;
    let others = others();
    let mut texts = texts();
    let mut received = Moment(1_795_500_000_000);
    let mut used = 0;
    for (n, part) in all.chunks(all.len().div_ceil(12)).enumerate() {
        received = received.plus_ms(1_000_000);
        store.commit(&rows(part, received, &roster)).await.unwrap();
        if n % 3 == 2 {
            texts = others[n / 3 % others.len()].clone();
        }
        let open = async |entries: &mut Vec<NewEntry>| {
            Desk::open(&store, &texts, Clock::Events, received, KEEP_MS, entries)
                .await
                .unwrap()
        };
        let (mut entries, mut again) = (Vec::new(), Vec::new());
        let mut quick = open(&mut entries).await;
        used += usize::from(quick.ledger_n > 0);
        home.run("DELETE FROM snapshot").await;
        let whole = open(&mut again).await;
        assert_eq!(whole.ledger_n, 0);
        assert_eq!(entries.len(), again.len());
        assert_eq!(says(&quick, received), says(&whole, received), "part {n}");
        let put_in_force = Turn {
            entries,
            ..Turn::default()
        };
        store.commit(&put_in_force).await.unwrap();
        let head = store.head().await.unwrap();
        quick.settle(KEEP_MS);
        // As often of one that read everything, which must be the same.
        let mut kept = if rng.bool() { quick } else { whole };
        kept.ledger_n = 0;
        kept.keep(&store, head).await;
        assert_eq!(kept.ledger_n, head.n);
        if n % 4 == 3 {
            let held = daemon::check_snapshots(&store, Clock::Events, KEEP_MS).await.unwrap();
            assert_eq!(held.last().unwrap().ledger_n, head.n);
            assert!(held.iter().all(|held| held.differs.is_empty()), "part {n}: {held:?}");
        }
    }
    // One that claims to know what it does not.
    let office = OfficeId::new("tangerang");
    let older = store.snapshot_before(&office, i64::MAX).await.unwrap().unwrap();
    let more = rows(&events("day-30", &roster)[..400], received, &roster);
    let head = store.commit(&more).await.unwrap().head;
    store
        .keep_snapshot(&office, head, older.engine, older.desk)
        .await
        .unwrap();
    let held = daemon::check_snapshots(&store, Clock::Events, KEEP_MS).await.unwrap();
    assert!(held.last().unwrap().differs.contains(&"verdicts"), "{held:?}");
    assert_eq!(used, 11, "every start but the first had a snapshot that fits");
}

async fn two_snapshots_of_an_office_are_kept_and_one_of_another_ledger_is_none(home: Home) {
    let store = home.open().await;
    let office = OfficeId::new("tangerang");
    let mut heads = Vec::new();
    for n in 0..4 {
        let head = store.commit(&entries([n.to_string()])).await.unwrap().head;
        store.keep_snapshot(&office, head, vec![n], vec![1, n]).await.unwrap();
        store.keep_snapshot(&office, head, vec![n], vec![2, n]).await.unwrap();
        heads.push(head);
    }
    store
        .keep_snapshot(&OfficeId::new("batam"), heads[0], vec![9], vec![9])
        .await
        .unwrap();
    assert_eq!(home.count("SELECT count(*) FROM snapshot").await, 3);
    let newest = store.snapshot_before(&office, i64::MAX).await.unwrap().unwrap();
    assert_eq!((newest.ledger_n, newest.engine, newest.desk), (4, vec![3], vec![2, 3]));
    let older = store.snapshot_before(&office, 4).await.unwrap().unwrap();
    assert_eq!((older.ledger_n, older.engine), (3, vec![2]));
    assert_eq!(store.snapshot_before(&office, 3).await.unwrap(), None);
    let other = Head {
        hash: heads[0].hash,
        ..heads[3]
    };
    store.keep_snapshot(&office, other, vec![7], vec![7]).await.unwrap();
    let newest = store.snapshot_before(&office, i64::MAX).await.unwrap().unwrap();
    assert_eq!(newest.ledger_n, 3);
    assert_eq!(store.commit(&entries(["next"])).await.unwrap().head.n, 5);
}
