//! Heartbeats that are packed, the gaps they leave, and whoever makes a gap of his own.

use std::sync::Arc;

use jagaloket::coverage;
use jagaloket::daemon::desk::{Desk, Texts};
use jagaloket::engine::Clock;
use jagaloket::store::{Batch, Death, Disturbance, LedgerRow, Upset};
use jagaloket::wire::{self, Limits};

use super::kept::{KEEP_MS, others, rows, says, texts};
use super::*;
use crate::engine::{events, rules};

on_both! {
    a_ledger_whose_heartbeats_are_packed_is_judged_as_before,
    what_is_held_back_or_too_young_stays_and_can_go_later,
    whoever_makes_a_gap_of_his_own_is_found_out,
    who_reads_while_heartbeats_are_packed_misses_none_and_has_none_twice,
    an_entry_is_found_by_when_it_was_received,
}

/// A ledger of an office with other rosters and policies on the way, clocks that are off, ticks, and events in any order.
pub(super) async fn office(store: &Store) -> Texts {
    let (roster, _) = rules();
    let mut rng = fastrand::Rng::with_seed(6);
    let mut all = events("soup-120", &roster);
    let json = |event: &jagaloket::engine::event::Event| wire::to_json(event, roster.office.zone);
    all.retain(|event| wire::parse(None, json(event).as_bytes(), &roster, &Limits::REPLAY).is_ok());
    rng.shuffle(&mut all);
    let others = others();
    let mut texts = texts();
    let mut received = at(0);
    for (n, part) in all.chunks(all.len().div_ceil(12)).enumerate() {
        let mut turn = rows(part, received, &roster);
        for entry in &mut turn.entries {
            received = received.plus_ms(rng.i64(0..5_000));
            entry.received = received;
            if entry.source.ends_with("/monitor") {
                entry.kind = EntryKind::Tick;
            } else if rng.u8(..9) == 0 {
                entry.clock = Some(["corrected", "corrected-boot", "poor", "poor-boot"][rng.usize(..4)]);
                entry.time = entry.time.plus_ms(rng.i64(0..200_000));
            }
        }
        if n % 3 == 2 {
            texts = others[n / 3 % others.len()].clone();
        }
        store.commit(&turn).await.unwrap();
        opened(store, &texts, received, true).await;
    }
    texts
}

/// The office as the ledger has it; puts in force what is not.
async fn opened(store: &Store, texts: &Texts, now: Moment, write: bool) -> Desk {
    let mut entries = Vec::new();
    let desk = Desk::open(store, texts, Clock::Events, now, KEEP_MS, &mut entries)
        .await
        .unwrap();
    assert!(write || entries.is_empty());
    let turn = Turn {
        entries,
        ..Turn::default()
    };
    store.commit(&turn).await.unwrap();
    desk
}

pub(super) async fn all(store: &Store) -> Vec<LedgerRow> {
    let (mut rows, mut after) = (Vec::new(), 0);
    loop {
        let page = store.entries(after, None).await.unwrap();
        let Some(last) = page.last() else { return rows };
        after = last.n;
        rows.extend(page);
    }
}

pub(super) const FAR: Moment = Moment(4_000_000_000_000);

/// Packs all that may go, batch by batch.
async fn pack(store: &Store, may_go: impl Fn(&LedgerRow) -> bool) -> Vec<Batch> {
    let before = store.head().await.unwrap().n + 1;
    let (mut after, mut batches) = (0, Vec::new());
    while after < before - 1 {
        let batch = store.pack(after, before, [FAR, at(9)], &may_go).await.unwrap().unwrap();
        assert!(batch.up_to > after);
        after = batch.up_to;
        batches.push(batch);
    }
    batches
}

fn is_pulse(row: &LedgerRow) -> bool {
    matches!(row.kind, EntryKind::Event | EntryKind::Pulse | EntryKind::Tick) && wire::passing(&row.body).is_some()
}

/// The same to the fold, whatever it is called.
fn same(before: &[LedgerRow], after: &[LedgerRow]) {
    let after: Vec<&LedgerRow> = after.iter().filter(|row| row.kind != EntryKind::Retention).collect();
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(after) {
        if !is_pulse(before) {
            assert_eq!(before, after);
            continue;
        }
        let plain = |row: &LedgerRow| {
            (
                row.n,
                row.received,
                // Before heartbeats had a kind of their own they were events.
                row.kind == EntryKind::Tick,
                row.office.clone(),
                row.source.clone(),
                row.time,
            )
        };
        assert_eq!(plain(before), plain(after));
        assert_eq!(before.clock, after.clock);
        assert_eq!(wire::passing(&before.body), wire::passing(&after.body));
    }
}

async fn a_ledger_whose_heartbeats_are_packed_is_judged_as_before(home: Home) {
    let store = home.open().await;
    let texts = office(&store).await;
    let before = all(&store).await;
    let now = at(100);
    let said = says(&opened(&store, &texts, now, false).await, now);
    let noted = store.head().await.unwrap();
    let span = (Moment(1_795_400_000_000), Moment(1_795_600_000_000));
    let tangerang = OfficeId::new("tangerang");
    let window = store.window(&tangerang, span.0, span.1).await.unwrap();

    let batches = pack(&store, |_| true).await;
    let removed: u64 = batches.iter().map(|batch| batch.removed).sum();
    assert_eq!(removed, before.iter().filter(|row| is_pulse(row)).count() as u64);
    let verified = store.verify_all(Some(noted)).await.unwrap();
    assert_eq!(verified.gone, [("heartbeats".to_owned(), removed)].into());
    let left = home.count("SELECT count(*) FROM ledger").await;
    assert_eq!(left, before.len() as i64 - removed as i64 + batches.len() as i64);
    same(&before, &all(&store).await);
    same(&window, &store.window(&tangerang, span.0, span.1).await.unwrap());
    assert_eq!(said, says(&opened(&store, &texts, now, false).await, now));
    // There is nothing left to pack, and what was packed may be restored elsewhere.
    assert!(pack(&store, |_| true).await.iter().all(|batch| batch.removed == 0));
    let file = home.directory.path().join("packed.backup");
    let head = store.backup(&file).await.unwrap();
    for target in [Home::sqlite(), Home::postgres()] {
        assert_eq!(Store::restore(&target.place(), &file).await.unwrap(), head);
        let restored = target.open().await;
        assert_eq!(restored.verify_all(Some(noted)).await.unwrap().gone, verified.gone);
        assert_eq!(said, says(&opened(&restored, &texts, now, false).await, now));
    }
}

async fn what_is_held_back_or_too_young_stays_and_can_go_later(home: Home) {
    let store = home.open().await;
    office(&store).await;
    let before = all(&store).await;
    let held = |row: &LedgerRow| row.source.ends_with("loket-01");
    let first = pack(&store, |row| !held(row)).await;
    let stayed: i64 = home
        .count("SELECT count(*) FROM ledger WHERE source LIKE '%loket-01'")
        .await;
    assert_eq!(stayed, before.iter().filter(|row| held(row)).count() as i64);
    same(&before, &all(&store).await);
    // What comes before the cut goes, and nothing else; the packed lie among what was packed before.
    let cut = before[before.len() / 2].received;
    let head = store.head().await.unwrap().n + 1;
    let (mut after, mut removed) = (0, 0);
    while after < head - 1 {
        let batch = store.pack(after, head, [cut, at(9)], |_| true).await.unwrap().unwrap();
        (after, removed) = (batch.up_to, removed + batch.removed);
    }
    let due = |row: &&LedgerRow| held(row) && is_pulse(row) && row.received < cut;
    assert_eq!(removed, before.iter().filter(due).count() as u64);
    assert!(removed > 0 && !first.is_empty());
    same(&before, &all(&store).await);
    store.verify(None).await.unwrap();
}

/// The bridge over one entry, as a forger who knows the program would write it.
fn forged(home: &Home, n: u8) -> String {
    let hash = format!("(SELECT hash FROM ledger WHERE n = {n})");
    match home.is_postgres() {
        true => format!("'\\x{:02x}00'::bytea || {hash}", n * 2),
        false => format!("CAST(x'{:02x}00' || {hash} AS BLOB)", n * 2),
    }
}

async fn whoever_makes_a_gap_of_his_own_is_found_out(home: Home) {
    let store = home.open().await;
    let acts: Vec<String> = (0..60).map(|n| n.to_string()).collect();
    let mut turn = entries(&acts);
    for entry in turn.entries.iter_mut().skip(1).step_by(3) {
        let text = String::from_utf8(entry.body.clone()).unwrap();
        entry.body = text.replace("workstation.heartbeat", "service.ended").into_bytes();
    }
    store.commit(&turn).await.unwrap();
    pack(&store, |_| true).await;
    let removal = store.head().await.unwrap().n;
    assert_eq!(removal, 61);
    store.verify(None).await.unwrap();
    store.close().await.unwrap();
    let insert = format!(
        "INSERT INTO removal (n, first_n, last_n, from_ms, to_ms, bridges, coverage) SELECT 62, 50, 50, 0, 0, {}, NULL; \
         DELETE FROM ledger WHERE n = 50",
        forged(&home, 50)
    );
    let theirs = "INSERT INTO removal (n, first_n, last_n, from_ms, to_ms, bridges, coverage) \
                  SELECT 50, first_n, last_n, from_ms, to_ms, bridges, coverage FROM removal; DELETE FROM removal WHERE n = 61";
    let kept = (61, Fault::Unkept);
    let cases: Vec<(String, (i64, Fault))> = vec![
        (
            "DELETE FROM ledger WHERE n = 50".into(),
            (50, Fault::Missing { next: 53 }),
        ),
        (insert, (50, Fault::Unannounced)),
        (theirs.into(), (1, Fault::Unannounced)),
        ("UPDATE removal SET coverage = NULL".into(), kept),
        ("UPDATE removal SET coverage = bridges".into(), kept),
        ("UPDATE removal SET first_n = 2".into(), (1, Fault::Missing { next: 2 })),
        ("UPDATE removal SET last_n = 59".into(), kept),
        ("DELETE FROM removal".into(), (1, Fault::Missing { next: 2 })),
        (
            "UPDATE ledger SET body = hash WHERE n = 50".into(),
            (50, Fault::Changed),
        ),
        (
            "UPDATE ledger SET body = hash WHERE n = 61".into(),
            (61, Fault::Changed),
        ),
        (
            "UPDATE ledger SET kind = 'event' WHERE n = 61".into(),
            (1, Fault::Unannounced),
        ),
    ];
    for (sql, (n, fault)) in cases {
        let spoilt = home.copy();
        spoilt.run(Box::leak(sql.clone().into_boxed_str())).await;
        let store = Store::open_to_read(spoilt.place()).await.unwrap();
        let error = store.verify(None).await.unwrap_err();
        let found = match &error {
            Error::Broken(broken) => (broken.n, broken.fault),
            _ => panic!("{sql}: {error}"),
        };
        assert_eq!(found, (n, fault), "{sql}");
        let file = spoilt.directory.path().join("b.backup");
        assert!(store.backup(&file).await.is_err(), "{sql}");
        store.close().await.unwrap();
    }
}

async fn who_reads_while_heartbeats_are_packed_misses_none_and_has_none_twice(home: Home) {
    let store = home.open().await;
    office(&store).await;
    let before = all(&store).await;
    let reader = Store::open_to_read(home.place()).await.unwrap();
    let reading = tokio::spawn(async move {
        let mut reads = Vec::new();
        for _ in 0..8 {
            reads.push(all(&reader).await);
            reader.verify(None).await.unwrap();
        }
        reads
    });
    pack(&store, |row| row.source.ends_with("loket-01")).await;
    pack(&store, |row| row.n % 3 == 0).await;
    pack(&store, |_| true).await;
    for read in reading.await.unwrap() {
        same(&before, &read);
    }
}

async fn an_entry_is_found_by_when_it_was_received(home: Home) {
    let store = home.open().await;
    assert_eq!(store.received_from(at(0)).await.unwrap(), 1);
    let mut turn = entries((0..200).map(|n| n.to_string()));
    for (n, entry) in turn.entries.iter_mut().enumerate() {
        entry.received = at(n as i64 / 2);
    }
    store.commit(&turn).await.unwrap();
    home.run("DELETE FROM ledger WHERE n BETWEEN 41 AND 120").await;
    for (minute, n) in [
        (-1, 1),
        (0, 1),
        (1, 3),
        (10, 21),
        (19, 39),
        (60, 121),
        (99, 199),
        (100, 201),
    ] {
        let found = store.received_from(at(minute)).await.unwrap();
        assert!(
            found == n || n == 121 && (41..=121).contains(&found),
            "{minute}: {found}"
        );
    }
}

/// A database that this very process had open: a child that another test is starting may still hold its lock.
pub(super) async fn reopened(path: &std::path::Path) -> Store {
    loop {
        match Store::open(path, Bounds::default()).await {
            Err(Error::InUse { .. }) => tokio::time::sleep(Duration::from_millis(10)).await,
            opened => return opened.unwrap(),
        }
    }
}

/// SQLite alone: the process is killed behind any row that packing writes, and behind any commit.
#[tokio::test]
async fn killed_anywhere_while_packing_nothing_is_lost_and_the_next_run_goes_on() {
    let home = Home::sqlite();
    let store = home.open().await;
    let texts = office(&store).await;
    let before = all(&store).await;
    let now = at(100);
    let said = says(&opened(&store, &texts, now, false).await, now);
    store.close().await.unwrap();
    drop(store);
    let mut rng = fastrand::Rng::with_seed(3);
    for round in 0..24 {
        let copy = home.copy();
        let left = copy.directory.path().join("left/jagaloket.db");
        let death = match round % 3 {
            0 => Death::Commit { commits: 1 + round / 3 },
            _ => Death::Row {
                rows: rng.u64(1..4_000),
                left,
            },
        };
        let upset = Upset {
            death: Some(death),
            slow_every: 0,
            slow_ms: 0,
            full_times: 0,
            full_pages: 0,
            patience_ms: 100,
        };
        let disturbance = Arc::new(Disturbance::new(&copy.path(), upset));
        let store = Store::open_disturbed(&copy.path(), Bounds::default(), disturbance.clone())
            .await
            .unwrap();
        let head = store.head().await.unwrap().n + 1;
        let mut after = 0;
        while after < head - 1 {
            match store.pack(after, head, [FAR, at(9)], |_| true).await {
                Ok(Some(batch)) if !disturbance.is_dead() => after = batch.up_to,
                _ => break,
            }
        }
        assert!(disturbance.is_dead() || after == head - 1);
        let path = disturbance.left().unwrap();
        store.close().await.ok();
        drop(store);
        let store = reopened(&path).await;
        store.verify(None).await.unwrap();
        same(&before, &all(&store).await);
        pack(&store, |_| true).await;
        store.verify(None).await.unwrap();
        assert!(
            all(&store)
                .await
                .iter()
                .filter(|row| is_pulse(row))
                .all(|row| row.id.starts_with("coverage-"))
        );
        assert_eq!(said, says(&opened(&store, &texts, now, false).await, now));
    }
}

/// What packing saves of a ledger as offices have it; it prints the figures.
#[tokio::test]
async fn a_heartbeat_takes_a_small_part_of_what_it_took() {
    let home = Home::sqlite();
    let store = home.open().await;
    let (roster, _) = rules();
    let day = events("day-30", &roster);
    for part in day.chunks(2_000) {
        let mut turn = rows(part, at(0), &roster);
        turn.entries
            .iter_mut()
            .for_each(|entry| entry.received = entry.time.plus_ms(7));
        store.commit(&turn).await.unwrap();
    }
    let before = home.count("SELECT page_count FROM pragma_page_count").await * 4_096;
    let began = std::time::Instant::now();
    let batches = pack(&store, |_| true).await;
    let each_ms = began.elapsed().as_millis() as usize / batches.len();
    store.close().await.unwrap();
    home.run("VACUUM").await;
    let after = home.count("SELECT page_count FROM pragma_page_count").await * 4_096;
    let removed: u64 = batches.iter().map(|batch| batch.removed).sum();
    let coverage = home.count("SELECT sum(length(coverage)) FROM removal").await;
    let bridges = home.count("SELECT sum(length(bridges)) FROM removal").await;
    println!(
        "{} events, {removed} heartbeats: {before} bytes before, {after} after; a heartbeat {:.1} bytes of coverage and {:.1} of bridges; \
         a batch took {each_ms} ms",
        day.len(),
        coverage as f64 / removed as f64,
        bridges as f64 / removed as f64
    );
    let others = day.len() as i64 - removed as i64;
    let each = before / day.len() as i64;
    assert!(after - others * each < removed as i64 * each / 4);
    assert!(coverage::unpack(&[], 0..=1).is_none());
}
